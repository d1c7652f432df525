import { parseTrace, type Trace } from "@gntalloc/gntalloc/record";
import { readText } from "../files.ts";

/** Reads a trace. */
export function readTrace(path: string): Trace {
  return parseTrace(readText(path));
}
