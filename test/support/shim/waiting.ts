/**
 * A program for tests of how a program ends: waits for an event on the shim, and ends in the given way. Prints a line for
 * each thing that it did.
 *
 * Arguments: the path of the shim, and the way to end.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { Shim } from "./shim.ts";

const [libc, way] = Deno.args as [string, string];
const shim = new Shim(libc);
const file = denoDomain({ libc }).events.open();
const port = file.bindVirq(20);
const wait = () => file.whenPending(() => console.log(`event ${file.pending()}`));

switch (way) {
  case "nobody waits":
    break;
  case "an event comes":
    wait();
    setTimeout(() => shim.raise(port), 50);
    break;
  case "the waiting stops":
    setTimeout(wait(), 50);
    break;
  case "the waiting stops at once":
    wait()();
    break;
  case "the file is closed":
    wait();
    setTimeout(() => file.close(), 50);
    break;
  case "exit while waiting":
    wait();
    setTimeout(() => Deno.exit(0), 50);
    break;
  case "exit at once":
    wait();
    Deno.exit(0);
    break;
  case "an error while waiting":
    wait();
    setTimeout(() => {
      throw new Error("of the program");
    }, 50);
    break;
  case "a worker waits": {
    const worker = new Worker(import.meta.url.replace("waiting.ts", "waiting_worker.ts"), { type: "module" });
    worker.onmessage = ({ data }) => {
      console.log(data);
      if (data !== "waiting") worker.terminate();
    };
    worker.postMessage(libc);
    break;
  }
  case "a worker is terminated while it waits":
  case "exit while a worker waits": {
    const worker = new Worker(import.meta.url.replace("waiting.ts", "waiting_worker.ts"), { type: "module" });
    worker.onmessage = () => {
      if (way.startsWith("exit")) Deno.exit(0);
      worker.terminate();
      console.log("terminated");
    };
    worker.postMessage(libc);
    break;
  }
  default:
    throw new Error(`Cannot end by ${way}`);
}
console.log("waiting");
