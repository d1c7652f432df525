/**
 * A program for tests of the memory model under Deno: two workers, each with a plain `ArrayBuffer` over the same pages,
 * as two domains have them. Prints as JSON what each experiment has found.
 *
 * @module
 */
import { LITMUS_BYTES, type LitmusOutcome } from "../npm/programs/litmus.ts";
import { EXPERIMENTS, type LitmusOrder } from "./litmus_worker.ts";

const PROT_READ_WRITE = 3;
const MAP_SHARED_ANONYMOUS = 0x21;

const libc = Deno.dlopen("libc.so.6", {
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
});
const memory = libc.symbols.mmap(null, BigInt(LITMUS_BYTES), PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0n);
const address = Deno.UnsafePointer.value(memory);

const workers = [0, 1].map(() => new Worker(new URL("litmus_worker.ts", import.meta.url), { type: "module" }));
const run = (worker: Worker, order: LitmusOrder) =>
  new Promise<LitmusOutcome>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(order);
  });

const found: Record<string, [LitmusOutcome, LitmusOutcome]> = {};
for (const experiment of EXPERIMENTS) {
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(memory!, LITMUS_BYTES)).fill(0);
  const outcomes = workers.map((worker, side) => run(worker, { experiment, side, address }));
  found[experiment] = await Promise.all(outcomes) as [LitmusOutcome, LitmusOutcome];
}
console.log(JSON.stringify(found));
for (const worker of workers) worker.terminate();
