/**
 * The experiments of litmus.ts under Node: two threads, each with a plain `ArrayBuffer` over the same pages. It is the
 * program and, in a worker, one side.
 */

import { createRequire } from "node:module";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { faultsOf, Litmus, LITMUS_BYTES, type LitmusOutcome } from "./litmus.ts";

const EXPERIMENTS = ["add", "bits", "storeThenLoad", "message"] as const;
const PROT_READ_WRITE = 3;
const MAP_SHARED_ANONYMOUS = 0x21;

/** What a worker is to do. */
interface Order {
  readonly experiment: typeof EXPERIMENTS[number];
  readonly side: number;
  readonly address: bigint;
}

const koffi = createRequire(import.meta.url)("koffi");

function map(): bigint {
  const types = ["void *", "size_t", "int", "int", "int", "int64_t"];
  const mmap = koffi.load("libc.so.6").func("mmap", "void *", types);
  return koffi.address(mmap(null, LITMUS_BYTES, PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0));
}

function run(order: Order): Promise<LitmusOutcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: order });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

if (isMainThread) {
  const found: Record<string, readonly [LitmusOutcome, LitmusOutcome]> = {};
  for (const experiment of EXPERIMENTS) {
    const address = map();
    found[experiment] = await Promise.all([
      run({ experiment, side: 0, address }),
      run({ experiment, side: 1, address }),
    ]);
  }
  const failed = faultsOf(found);
  console.log(JSON.stringify({ passed: EXPERIMENTS.length - failed.length, failed }));
} else {
  const { experiment, side, address } = workerData as Order;
  parentPort!.postMessage(new Litmus(side, koffi.view(address, LITMUS_BYTES))[experiment]());
}
