import type { StoreBackend } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Requests } from "./requests.ts";

/** What xl makes for a new domain, and gives to it. These nodes count towards its quota. */
const OWNED = [
  ...["device/suspend/event-channel", "control/shutdown", "control/feature-poweroff", "control/feature-reboot"],
  ...["control/feature-suspend", "control/sysrq", "data", "drivers", "feature", "attr", "error"],
] as const;

/** Does what xl does for a new domain, as far as tests can see it: makes its home, and has the daemon serve it. */
export async function introduce(socket: StoreBackend, domid: number): Promise<void> {
  const { MKDIR, SET_PERMS, INTRODUCE, WRITE } = StoreMessage;
  const home = `/local/domain/${domid}`;
  using connection = new Requests(socket.open());
  await connection.request(MKDIR, `${home}\0`);
  await connection.request(SET_PERMS, `${home}\0n0\0r${domid}\0`);
  await connection.request(INTRODUCE, `${domid}\0${1}\0${1}\0`);
  await connection.request(WRITE, `${home}/domid\0${domid}`);
  for (const name of OWNED) {
    await connection.request(MKDIR, `${home}/${name}\0`);
    await connection.request(SET_PERMS, `${home}/${name}\0n${domid}\0`);
  }
}

/** Writes the home of domain 0, as Xen's start scripts do. The daemon serves domain 0 without that. */
export async function writeHomeOfDomain0(socket: StoreBackend): Promise<void> {
  using connection = new Requests(socket.open());
  await connection.request(StoreMessage.WRITE, "/local/domain/0/domid\x000");
}
