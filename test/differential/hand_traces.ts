/**
 * Traces with the answers that the real device gave: those of hand.trace. What a comparison prints goes in there as it is.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { type Answer, parseTrace, type Step } from "./trace.ts";

/** One of them. */
export interface HandTrace {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The answer to each step. */
  readonly answers: readonly Answer[];
}

/** All of them. */
export function handTraces(): HandTrace[] {
  const text = readFileSync(new URL("hand.trace", import.meta.url), "utf8");
  return text.split(/^## /m).slice(1).map((part) => {
    const [name = "", ...lines] = part.trim().split("\n");
    return { name, steps: parseTrace(lines.join("\n")), answers: lines.map((line) => line.split(" // ")[1] ?? "") };
  });
}
