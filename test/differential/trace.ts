/**
 * Traces: calls of the device, as data. What a step makes (a file, an allocation, a mapping) has a number, by which
 * later steps name it. So no step depends on an answer, and a trace without some of its steps is still a trace.
 *
 * @module
 */

/** One call. */
export type Step =
  /** Sets the driver's limit. A negative one means none. */
  | { op: "limit"; pages: number }
  | { op: "open"; file: number }
  | { op: "close"; file: number }
  | { op: "allocate"; file: number; allocation: number; pages: number; domid: number; writable: boolean }
  /** Frees a run of pages, by their indices in the file. */
  | { op: "free"; file: number; page: number; pages: number }
  | { op: "map"; file: number; mapping: number; page: number; pages: number; writable: boolean }
  | { op: "unmap"; mapping: number }
  /** Sets an unmap notify. With neither a byte nor a port, it cancels the one that was set before. */
  | { op: "notify"; file: number; page: number; clearByte?: number; eventPort?: number }
  /** Reads all bytes of a page of a mapping. */
  | { op: "read"; mapping: number; page: number }
  | { op: "write"; mapping: number; offset: number; byte: number }
  /** The peer maps pages of an allocation, from the one at `index` on, by their references. */
  | { op: "peerMap"; peer: number; allocation: number; index: number; pages: number; writable: boolean }
  /** The peer maps a reference that nobody granted. */
  | { op: "peerMapUnknown"; gref: number; writable: boolean }
  | { op: "peerUnmap"; peer: number }
  | { op: "peerRead"; peer: number; page: number }
  | { op: "peerWrite"; peer: number; offset: number; byte: number }
  /** Ends everything. It is played after each trace, and is part of none. */
  | { op: "reset" };

/** The kinds of steps of a trace. */
export type Op = Exclude<Step["op"], "reset">;

/**
 * The answer to a step, in one line:
 *
 * - `ok`; or `page 8`, the index of the first page of an allocation; or the bytes of a page that are not 0, such as
 *   `0=9 4095=200`, or `zeros` if all are 0;
 * - the name of an errno of the device, such as `ENOSPC`;
 * - `nothing`, if the step names something that does not exist, such as a closed file or a refused mapping;
 * - anything else is a failure that no device has, such as `RangeError`.
 */
export type Answer = string;

/** Returns a trace as text: one line of JSON for each step. What follows `//` is a comment. */
export function printTrace(steps: readonly Step[], notes: readonly string[] = []): string {
  return steps.map((step, number) => JSON.stringify(step) + (notes[number] ? ` // ${notes[number]}` : "")).join("\n");
}

/** Parses a trace. */
export function parseTrace(text: string): Step[] {
  const lines = text.split("\n").map((line) => line.replace(/ *\/\/.*/, "")).filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Step);
}
