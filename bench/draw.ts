/**
 * `deno task bench:draw`: writes the tables and pictures of the docs again from `bench/results/reference.*`, without
 * measuring.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { booksReport } from "./books/report.ts";
import { nativeReport, xenReport } from "./device/reports.ts";
import { mockDiskReport } from "./disk/mock_report.ts";
import { diskReport } from "./disk/report.ts";
import { redraw } from "./harness/publish.ts";
import { sizeReport } from "./size/report.ts";
import { storeReport } from "./store/report.ts";
import { vchanReport } from "./vchan/report.ts";

parseArgs({ options: {} });
const drawn = {
  books: await redraw(booksReport),
  xen: await redraw(xenReport),
  native: await redraw(nativeReport),
  size: await redraw(sizeReport),
  store: await redraw(storeReport),
  vchan: await redraw(vchanReport),
  disk: await redraw(diskReport),
  "disk on the mock": await redraw(mockDiskReport),
};
for (const [name, done] of Object.entries(drawn)) {
  console.log(`${name}: ${done ? "drawn" : "left as it is: there are no reference results"}`);
}
