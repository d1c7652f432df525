/**
 * A program of its own, as a mistake here is a crash: maps a page, has its bytes kept or moved away, ends the mapping, and then
 * uses whatever is left of the bytes. Prints what it found as JSON.
 *
 * Arguments: the path of the shim, and how the bytes are moved.
 */

import { nodeGrantBackend } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { mappedPages, Shim } from "./shim.ts";

const [libc, how] = process.argv.slice(2) as [string, string];
new Shim(libc);

const file = nodeGrantBackend({ libc }).open();
const grefs = new Uint32Array(3);
file.grant(0, 3, 1, true, grefs);
const memory = file.map(0, 3, grefs[0]!, true);
const { bytes } = memory;
bytes.fill(7);
const middle = bytes.subarray(4096, 8192);

/** Uses memory all over: crashes where it is not there. */
function use(left: Uint8Array): void {
  for (let i = 0; i < left.length; i++) left[i] = left[i]! + 1;
}

/** Uses the memory it is sent for a while, again and again, then sends it back. */
const WORKER = `
  const { parentPort } = require("node:worker_threads");
  parentPort.once("message", (data) => {
    parentPort.postMessage("started");
    const end = performance.now() + 200;
    while (performance.now() < end) {
      for (let i = 0; i < data.length; i += 64) data[i] = (data[i] + 1) & 1;
    }
    parentPort.postMessage(data, [data.buffer]);
  });
`;

async function moved(): Promise<() => Promise<Uint8Array> | Uint8Array> {
  switch (how) {
    case "kept":
      return () => bytes;
    case "transfer": {
      const left = new Uint8Array(bytes.buffer.transfer());
      return () => left;
    }
    case "transfer to a larger buffer": {
      const left = new Uint8Array(bytes.buffer.transfer(16384));
      return () => left;
    }
    case "structuredClone": {
      const left = structuredClone(bytes, { transfer: [bytes.buffer] });
      return () => left;
    }
    case "postMessage": {
      const worker = new Worker(WORKER, { eval: true });
      const message = () => new Promise<unknown>((resolve) => worker.once("message", resolve));
      const started = message();
      try {
        worker.postMessage(bytes, [bytes.buffer]);
      } catch (error) {
        await worker.terminate();
        throw error;
      }
      await started; // from now on the worker uses the memory all the time, until it sends it back
      return async () => {
        const left = await message() as Uint8Array;
        await worker.terminate();
        return left;
      };
    }
  }
  throw new Error(`Cannot move bytes by ${how}`);
}

let refused = false;
const finish = await moved().catch((error) => {
  if (!(error instanceof DOMException && error.name === "DataCloneError")) throw error;
  refused = true;
  return () => bytes;
});
const mappedBefore = mappedPages();
memory.unmap();
const mappedAfter = mappedPages();
const left = await finish();
use(left);
use(middle);
// Whatever is mapped next must not land where somebody still looks.
const next = file.map(0, 3, grefs[0]!, true);
next.bytes.fill(0x55);
const disturbed = left.length > 0 && left.includes(0x55); // a detached view refuses to search
use(left);
next.unmap();
file.endAccess(0, 3, grefs);
file.close();

console.log(JSON.stringify({
  refused,
  mappedBefore,
  mappedAfter,
  left: left.length,
  original: bytes.length,
  middle: middle.length,
  disturbed,
}));
