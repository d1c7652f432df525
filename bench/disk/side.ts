/**
 * Reads a disk with the example of this repository, as lines on the standard input ask, like `reader.c`. Runs in Deno
 * and, from the npm package, in Node.
 *
 * Arguments: the module of the domain and its function, and the name of the disk.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { BlockDevice } from "../../examples/block/block_device.ts";

const MIB = 1024 * 1024;
const SMALL = 4096;
const IN_FLIGHT = 32;

const [module, name, disk] = process.argv.slice(2);
const device = await BlockDevice.attach((await import(module!))[name!](), disk!);
const buffer = new Uint8Array(MIB);

// The same sequence as that of reader.c.
let state = 1;
function randomOffset(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 8) % (device.size / SMALL) * SMALL;
}

const READS: Readonly<Record<string, (count: number) => Promise<void>>> = {
  async sequential(count) {
    for (let number = 0; number < count; number++) await device.readInto(number * MIB % device.size, buffer);
  },
  async random(count) {
    let left = count;
    const lane = async (target: Uint8Array) => {
      while (left-- > 0) await device.readInto(randomOffset(), target);
    };
    const targets = Array.from({ length: IN_FLIGHT }, (_, lane) => buffer.subarray(lane * SMALL, (lane + 1) * SMALL));
    await Promise.all(targets.map(lane));
  },
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, count] = line.split(" ");
  const start = process.hrtime.bigint();
  await READS[verb!]!(Number(count));
  console.log(String(process.hrtime.bigint() - start));
}
await device.detach();
