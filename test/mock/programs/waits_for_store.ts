/** Waits for XenStore as its only argument says. How it ends is tested by ../store/keep_alive_test.ts. */
import process from "node:process";
import { MockXen } from "../../../backends/mock.ts";
import { encodeMessage, StoreMessage } from "../../../src/contract/store_wire.ts";

const program = new MockXen().domain(1).process();
const connection = program.store.open();
const stop = connection.whenReadable(() => console.log("readable"));

switch (process.argv[2]) {
  case "for ever":
    console.log("waiting");
    break;
  case "for a reply":
    connection.send(encodeMessage(StoreMessage.READ, 1, 0, new TextEncoder().encode("domid\0")));
    break;
  case "for more":
    stop();
    connection.send(encodeMessage(StoreMessage.READ, 1, 0, new TextEncoder().encode("domid\0")));
    await new Promise<void>((resolve) => void connection.whenReadable(resolve));
    connection.whenReadable(() => console.log("readable"));
    // Nothing is left when the turn comes in which the wait would end.
    connection.receive(new Uint8Array(100));
    console.log("waiting");
    break;
  case "no longer":
    stop();
    stop();
    break;
  case "killed":
    program.kill();
    break;
  case "destroyed":
    program.domain.destroy();
}
