/**
 * The traces of hand.trace, with the answers of the real device. The output of a comparison can be added to that file
 * as it is.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { type Answer, parseTrace, type Step } from "./trace.ts";

/** A trace with its answers. */
interface HandTrace {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The answer to each step. */
  readonly answers: readonly Answer[];
}

/** Reads all traces. */
export function handTraces(): HandTrace[] {
  const text = readFileSync(new URL("hand.trace", import.meta.url), "utf8");
  return text.split(/^## /m).slice(1).map((part) => {
    const [name = "", ...lines] = part.trim().split("\n");
    return { name, steps: parseTrace(lines.join("\n")), answers: lines.map((line) => line.split(" // ")[1] ?? "") };
  });
}
