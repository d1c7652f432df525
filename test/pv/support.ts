/** A disk of domain 1 in XenStore, whose backend is in domain 0. */
import { MockXen } from "../../backends/mock.ts";
import { BackendDevice, createDevice, FrontendDevice, XenbusState } from "../../src/pv/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { ID, PLACE } from "./kernel_sides.ts";

const { Connected } = XenbusState;

export async function machine(daemon: "xenstored" | "oxenstored" = "xenstored") {
  const xen = new MockXen({ store: { daemon } });
  xen.domain(1);
  await createDevice(xen.domain(0), { ...PLACE, frontendNodes: { "virtual-device": ID } });
  const store = await XenStore.open(xen.domain(0));
  const state = async (path: string) => Number(await store.readText(`${path}/state`));
  const write = (path: string, value: string | number) => store.write(path, value);
  const finish = () => {
    store.close();
    xen.assertClean();
  };
  return { xen, store, state, write, finish, open: () => FrontendDevice.open(xen.domain(1), "vbd", ID) };
}

/** Connects a frontend. */
export async function connect(device: FrontendDevice): Promise<void> {
  await device.start();
  await device.publish({ "ring-ref": 8, "event-channel": 1 });
  await device.waitForBackend(Connected);
  await device.publish({}, Connected);
}

/** Connects both sides of this library. */
export async function connectBoth() {
  const made = await machine();
  const backend = await BackendDevice.open(made.xen.domain(0), "vbd", 1, ID);
  const frontend = await made.open();
  const offering = backend.offer({});
  await frontend.start();
  await frontend.publish({ "ring-ref": 8, "event-channel": 1 });
  await offering;
  await backend.publish({}, Connected);
  await frontend.waitForBackend(Connected);
  await frontend.publish({}, Connected);
  const finish = () => {
    backend.close();
    frontend.close();
    made.finish();
  };
  return { ...made, backend, frontend, finish };
}
