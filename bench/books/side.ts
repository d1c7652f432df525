/**
 * A JavaScript side of the bench of the books. It runs in a process of its own, so that no other side changes how its
 * code is compiled, and measures its case on request:
 *
 * ```sh
 * deno run bench/books/side.ts core   # or leaf, first_driver, mock, buffers; the same under Node
 * ```
 *
 * Each line of its input is a {@linkcode Request} in JSON, and is answered by a line of JSON.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { MockMemory } from "../../backends/mock.ts";
import { measure, warmUp, type Work } from "../harness/clock.ts";
import { measureBorder } from "./border.ts";
import { type Case, isOfBooks, pagesPerTime } from "./cases.ts";
import { prepareFloor, prepareMachine } from "./end_to_end.ts";
import { measureMemory, measurePeak } from "./memory.ts";
import type { Books } from "./variants/books.ts";
import { FirstDriverBooks } from "./variants/first_driver.ts";
import { LeafBooks } from "./variants/leaf.ts";
import { ShippedBooks } from "./variants/shipped.ts";
import { traceDigest } from "./variants/trace.ts";
import { prepareBooks } from "./workloads.ts";

/** The variants in JavaScript: three of the books, and two of the simulated Xen's memory. */
export type ScriptVariant = "core" | "leaf" | "first_driver" | "mock" | "buffers";

/** A request to a side. */
export type Request =
  /** Measures a case for some milliseconds: nanoseconds per page. It is the same case each time, prepared once. */
  | { readonly task: "measure"; readonly case: Case; readonly milliseconds: number }
  /** The digest of its answers to a long trace. */
  | { readonly task: "digest"; readonly seed: number; readonly steps: number }
  /** Bytes of the core for each grant. */
  | { readonly task: "memory"; readonly live: number }
  /** The process's memory at a peak of pages, and after they were freed. */
  | { readonly task: "peak"; readonly pages: number }
  /** Nanoseconds of the smallest call into the core. */
  | { readonly task: "border"; readonly milliseconds: number };

/**
 * How long a case runs before it is measured first, in multiples of the time of a measurement. Engines compile code
 * again until it is as fast as it gets: the code that runs end to end, several times within two seconds.
 */
const WARM_UP = 30;
const WARM_UP_END_TO_END = 125;

/** Answers requests until the input ends. */
async function serve<File>(newBooks: (() => Books<File>) | MockMemory, settles: boolean): Promise<void> {
  const prepare = (one: Case): Work => {
    if (typeof newBooks === "string") return prepareMachine(one, newBooks);
    return isOfBooks(one.workload) ? prepareBooks(newBooks(), one, settles) : prepareFloor(one);
  };
  let work: Work | undefined;
  const answer = (request: Request): unknown => {
    switch (request.task) {
      case "memory":
        return measureMemory(request.live);
      case "peak":
        if (typeof newBooks !== "string") {
          throw new Error("Cannot measure a peak of pages: books alone have no pages. Ask `mock` or `buffers`.");
        }
        return measurePeak(newBooks, request.pages);
      case "border":
        return { nanoseconds: measureBorder(request.milliseconds) };
      case "digest":
        if (typeof newBooks === "string") {
          throw new Error("Cannot take a digest of a simulated Xen. Ask a variant of the books.");
        }
        return { digest: traceDigest(newBooks(), request.seed, request.steps) };
      case "measure": {
        if (!work) {
          work = prepare(request.case);
          warmUp(work, request.milliseconds * (isOfBooks(request.case.workload) ? WARM_UP : WARM_UP_END_TO_END));
        }
        return { nanoseconds: measure(work, request.milliseconds) / pagesPerTime(request.case) };
      }
    }
  };
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line) as Request)));
  }
}

const { positionals: [variant] } = parseArgs({ allowPositionals: true });
switch (variant) {
  case "core":
    await serve(() => new ShippedBooks(), true);
    break;
  case "leaf":
    await serve(() => new LeafBooks(), true);
    break;
  case "first_driver":
    await serve(() => new FirstDriverBooks(), false);
    break;
  case "mock":
    await serve("slabs", false);
    break;
  case "buffers":
    await serve("buffers", false);
    break;
  default:
    throw new Error("Cannot run a side: the argument must be core, leaf, first_driver, mock or buffers");
}
