/**
 * A program that leaves a device as its argument says, prints a line, and does nothing more.
 *
 * @module
 */
import { MockXen } from "../../../backends/mock.ts";
import { BackendDevice, createDevice, FrontendDevice, XenbusState } from "../../../src/pv/mod.ts";

const [what] = Deno.args;
const xen = new MockXen();
xen.domain(1);
await createDevice(xen.domain(0), { kind: "sensor", id: 0, frontend: 1, backend: 0 });
const program = xen.domain(1).process();
const frontend = await FrontendDevice.open(program, "sensor", 0);
if (what === "closed devices") {
  const backend = await BackendDevice.open(xen.domain(0), "sensor", 1, 0);
  backend.offer({}).catch(() => {});
  await frontend.start();
  frontend.close();
  backend.close();
} else if (what === "a device of a killed program") {
  program.kill();
} else if (what === "an aborted wait") {
  await frontend.waitForBackend(XenbusState.Connected, { timeout: 5 }).catch(() => {});
  frontend.close();
} else if (what === "a wait") {
  frontend.waitForBackend(XenbusState.Connected);
}
console.log("left");
