/**
 * One side of the bench that runs on JavaScript, in a process of its own, so that no other one changes how its code is
 * compiled: it measures its case whenever it is told to.
 *
 * ```sh
 * deno run bench/side.ts core   # or founding, leaf, mock, buffers; the same under Node
 * ```
 *
 * Lines of JSON come in ({@linkcode Request}), and one goes out for each.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import type { MockMemory } from "../backends/mock.ts";
import type { Books } from "./baseline/books.ts";
import { FoundingBooks } from "./baseline/founding.ts";
import { LeafBooks } from "./baseline/leaf.ts";
import { ShippedBooks } from "./baseline/shipped.ts";
import { traceDigest } from "./baseline/trace.ts";
import { measureBorder } from "./border.ts";
import { type Case, isOfBooks, pagesOfOne } from "./cases.ts";
import { measure, warmUp, type Work } from "./clock.ts";
import { measureMemory, measurePeak } from "./memory.ts";
import { prepareLeast, prepareMachine } from "./whole_way.ts";
import { prepareBooks } from "./workloads.ts";

/** What a side is told to do. */
export type Request =
  /** Measures a case, for some milliseconds: nanoseconds a page. It is the same case each time, prepared once. */
  | { readonly task: "measure"; readonly case: Case; readonly milliseconds: number }
  /** The digest of its answers to a long trace. */
  | { readonly task: "digest"; readonly seed: number; readonly steps: number }
  /** Bytes of the core for each grant. */
  | { readonly task: "memory"; readonly live: number }
  /** What a peak of so many pages leaves in memory. */
  | { readonly task: "peak"; readonly pages: number }
  /** Nanoseconds of the smallest call into the core. */
  | { readonly task: "border"; readonly milliseconds: number };

/**
 * How often the time of a measurement a case is run for before it is measured first. The engines compile code anew until it is as
 * fast as it gets: that of the whole way, of which there is much, several times within two seconds.
 */
const WARM_UP = 30;
const WARM_UP_WHOLE_WAY = 125;
/** Runs a side until there are no more requests. */
async function serve<File>(newBooks: (() => Books<File>) | MockMemory, settles: boolean): Promise<void> {
  const prepare = (one: Case): Work => {
    if (typeof newBooks === "string") return prepareMachine(one, newBooks);
    return isOfBooks(one.workload) ? prepareBooks(newBooks(), one, settles) : prepareLeast(one);
  };
  let work: Work | undefined;
  const answer = (request: Request): unknown => {
    switch (request.task) {
      case "memory":
        return measureMemory(request.live);
      case "peak":
        if (typeof newBooks !== "string") throw new Error("Cannot measure a peak of pages without a machine");
        return measurePeak(newBooks, request.pages);
      case "border":
        return { nanoseconds: measureBorder(request.milliseconds) };
      case "digest":
        if (typeof newBooks === "string") throw new Error("Cannot take a digest of the whole way");
        return { digest: traceDigest(newBooks(), request.seed, request.steps) };
      case "measure": {
        if (!work) {
          work = prepare(request.case);
          warmUp(work, request.milliseconds * (isOfBooks(request.case.workload) ? WARM_UP : WARM_UP_WHOLE_WAY));
        }
        return { nanoseconds: measure(work, request.milliseconds) / pagesOfOne(request.case) };
      }
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as Request)));
  }
}

switch (process.argv[2]) {
  case "core":
    await serve(() => new ShippedBooks(), true);
    break;
  case "leaf":
    await serve(() => new LeafBooks(), true);
    break;
  case "founding":
    await serve(() => new FoundingBooks(), false);
    break;
  case "mock":
    await serve("slabs", false);
    break;
  case "buffers":
    await serve("buffers", false);
    break;
  default:
    throw new Error("Cannot tell which side to run: give core, leaf, founding, mock or buffers");
}
