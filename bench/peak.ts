/**
 * What is left of a peak.
 *
 * @module
 */
import process from "node:process";
import { MockXen } from "../backends/mock.ts";
import { GrantDevice } from "../mod.ts";

/** Bytes of this process that are resident, for each page of the peak. */
export interface PeakFigures {
  readonly peak: number;
  readonly after: number;
}

/** Shares pages and writes to each, then frees them all: what the process holds at the peak, and a moment later. */
export async function whatIsLeft(live: number): Promise<PeakFigures> {
  const before = process.memoryUsage().rss;
  const xen = new MockXen({ tableFrames: 65_536, limit: Infinity });
  const allocator = new GrantDevice(xen.domain(1).grantBackend()).open();
  const all = Array.from({ length: live / 100 }, () => {
    const pages = allocator.allocate(0, { pages: 100 });
    const { bytes } = pages.map();
    for (let at = 0; at < bytes.length; at += 4096) bytes[at] = 1;
    return pages;
  });
  const peak = (process.memoryUsage().rss - before) / live;
  allocator.close();
  all.length = 0;
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { peak, after: (process.memoryUsage().rss - before) / live };
}
