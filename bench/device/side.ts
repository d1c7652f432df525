/**
 * What the JavaScript sides have in common, in every runtime. Each does the same work as `share.c`.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import type { GrantDevice } from "../../mod.ts";

const PAGE_SIZE = 4096;

/** Shares pages, writes to each, and releases them: `times` times. */
type Share = (pages: number, times: number) => void;

/** Does the work through the public API. */
export function sharing(device: GrantDevice): Share {
  const allocator = device.open();
  return (pages, times) => {
    const options = { pages, writable: true };
    for (let time = 0; time < times; time++) {
      const shared = allocator.allocate(0, options);
      const ours = shared.map();
      const { bytes } = ours;
      for (let at = 0; at < bytes.length; at += PAGE_SIZE) bytes[at] = 1;
      ours.unmap();
      shared.free();
    }
  };
}

/**
 * Answers each line of the input by a number:
 *
 * ```text
 * share PAGES TIMES    the nanoseconds that it took
 * heap PAGES TIMES     the bytes by which V8's heap grew, including those that the question needs; fewer if garbage was
 *                      collected meanwhile
 * ```
 */
export async function serve(share: Share): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [task, pages, times] = line.split(" ");
    if (task === "heap") {
      const before = process.memoryUsage().heapUsed;
      share(Number(pages), Number(times));
      console.log(process.memoryUsage().heapUsed - before);
    } else {
      const before = performance.now();
      share(Number(pages), Number(times));
      console.log(Math.round((performance.now() - before) * 1e6));
    }
  }
}
