import { creationOf } from "../../../backends/mock/store/toolstack.ts";
import type { StoreBackend } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Requests } from "./requests.ts";

/** The path of a domain below `/vm`. */
export const vmOf = (domid: number): string => `/vm/00000000-0000-4000-8000-${String(domid).padStart(12, "0")}`;

/** Does what xl does for a new domain: makes its home, and has the daemon serve it. Some nodes count towards its quota. */
export async function introduce(socket: StoreBackend, domid: number): Promise<void> {
  const { TRANSACTION_START, TRANSACTION_END, INTRODUCE } = StoreMessage;
  using connection = new Requests(socket.open());
  const transaction = parseInt(await connection.request(TRANSACTION_START, "\0"));
  await connection.requestAll(creationOf(domid, { vm: vmOf(domid), name: `domain-${domid}` }), transaction);
  await connection.request(TRANSACTION_END, "T\0", transaction);
  await connection.request(INTRODUCE, `${domid}\0${1}\0${1}\0`);
}

/** Writes the home of domain 0, as Xen's start scripts do. The daemon serves domain 0 without that. */
export async function writeHomeOfDomain0(socket: StoreBackend): Promise<void> {
  using connection = new Requests(socket.open());
  await connection.request(StoreMessage.WRITE, "/local/domain/0/domid\x000");
}
