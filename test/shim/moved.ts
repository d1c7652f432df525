/**
 * A program of its own, as a mistake here is a crash: maps a page, has its bytes kept or moved away, ends the mapping, and then
 * uses whatever is left of the bytes. Prints what it found as JSON.
 *
 * Arguments: the path of the shim, and how the bytes are moved.
 *
 * @module
 */

import { denoGrantBackend } from "../../backends/deno.ts";
import { mappedPages, Shim } from "./shim.ts";

const [libc, how] = Deno.args as [string, string];
new Shim(libc);

const file = denoGrantBackend({ libc }).open();
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
      const worker = new Worker(new URL("moved_worker.ts", import.meta.url), { type: "module" });
      const message = () => new Promise<unknown>((resolve) => worker.onmessage = ({ data }) => resolve(data));
      const started = message();
      worker.postMessage(bytes, [bytes.buffer]);
      await started; // from now on the worker uses the memory all the time, until it sends it back
      return async () => {
        const left = await message() as Uint8Array;
        worker.terminate();
        return left;
      };
    }
  }
  throw new Error(`Cannot move bytes by ${how}`);
}

const finish = await moved();
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
  mappedBefore,
  mappedAfter,
  left: left.length,
  original: bytes.length,
  middle: middle.length,
  disturbed,
}));
