import { parseTrace, type Trace } from "@gntalloc/gntalloc/record";
import { readFileSync } from "node:fs";
import { UsageError } from "../exit.ts";

/** Reads the text of a file. */
export function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

/** Reads a trace. */
export function readTrace(path: string): Trace {
  return parseTrace(readFile(path));
}
