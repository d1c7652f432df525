/**
 * Waits for an event on the shim, ends in a given way, and prints a line for each step. It is a program because the
 * test is about how a program ends. Arguments: the path of the shim, and the way to end.
 */

import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Shim } from "./shim.ts";

const [libc, way] = process.argv.slice(2) as [string, string];
const open = () => nodeDomain({ libc }).events.open();

/** Starts a worker that waits. It sends an event to itself if the way is "a worker waits". */
function startWorker(): Worker {
  const worker = new Worker(new URL(import.meta.url), { argv: [libc, way] });
  worker.on("message", (text) => console.log(text));
  return worker;
}

function wait(): { stop: () => void; close: () => void; port: number } {
  const file = open();
  const port = file.bindUnbound(0);
  const stop = file.whenPending(() => console.log(`event ${file.pending()}`));
  return { stop, close: () => file.close(), port };
}

function work(): void {
  const file = open();
  const port = file.bindUnbound(0);
  file.whenPending(() => {
    parentPort!.postMessage(`event ${file.pending()}`);
    file.close();
  });
  parentPort!.postMessage("a worker waits");
  if (way === "a worker waits") setTimeout(() => file.notify(file.bindInterdomain(0, port)), 50);
}

function main(): void {
  const shim = new Shim(libc);
  switch (way) {
    case "nobody waits":
      open().bindUnbound(0);
      break;
    case "an event comes": {
      const { port } = wait();
      setTimeout(() => shim.raise(port), 50);
      break;
    }
    case "the waiting stops":
      setTimeout(wait().stop, 50);
      break;
    case "the waiting stops at once":
      wait().stop();
      break;
    case "the file is closed":
      setTimeout(wait().close, 50);
      break;
    case "exit while waiting":
      wait();
      setTimeout(() => process.exit(0), 50);
      break;
    case "exit at once":
      wait();
      process.exit(0);
      break;
    case "an error while waiting":
      wait();
      setTimeout(() => {
        throw new Error("of the program");
      }, 50);
      break;
    case "a worker waits":
      startWorker();
      break;
    case "a worker is terminated while it waits": {
      const worker = startWorker();
      worker.once("message", async () => {
        await worker.terminate();
        console.log("terminated");
      });
      break;
    }
    case "exit while a worker waits":
      startWorker().once("message", () => process.exit(0));
      break;
    default:
      throw new Error(`Cannot end by ${way}`);
  }
  console.log("waiting");
}

if (isMainThread) main();
else work();
