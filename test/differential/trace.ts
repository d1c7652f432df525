/**
 * A trace: calls of the device's own, as data. What a step makes (a file, an allocation, a mapping) has a number of its own
 * kind, which later steps name; so nothing in a trace depends on an answer, and a trace without some of its steps is a trace.
 *
 * @module
 */

/** One call. */
export type Step =
  /** Sets the driver's limit; a negative one is none. */
  | { op: "limit"; pages: number }
  | { op: "open"; file: number }
  | { op: "close"; file: number }
  | { op: "allocate"; file: number; allocation: number; pages: number; domid: number; writable: boolean }
  /** Frees a run of pages, by their indices in the file. */
  | { op: "free"; file: number; page: number; pages: number }
  | { op: "map"; file: number; mapping: number; page: number; pages: number; writable: boolean }
  | { op: "unmap"; mapping: number }
  /** With neither a byte nor a port, what was set before is cancelled. */
  | { op: "notify"; file: number; page: number; clearByte?: number; eventPort?: number }
  /** Asks for all bytes of one page of a mapping. */
  | { op: "read"; mapping: number; page: number }
  | { op: "write"; mapping: number; offset: number; byte: number }
  /** The peer maps pages of an allocation from the one at `index` on, by the references that the allocation gave. */
  | { op: "peerMap"; peer: number; allocation: number; index: number; pages: number; writable: boolean }
  /** The peer maps a reference that nobody granted. */
  | { op: "peerMapUnknown"; gref: number; writable: boolean }
  | { op: "peerUnmap"; peer: number }
  | { op: "peerRead"; peer: number; page: number }
  | { op: "peerWrite"; peer: number; offset: number; byte: number }
  /** Ends everything that was begun; behind each trace, and in none. */
  | { op: "reset" };

/** What a step of a trace may be. */
export type Op = Exclude<Step["op"], "reset">;

/**
 * What came of a step, in one line:
 *
 * - `ok`; or `page 8`, the index of the first page of an allocation; or the bytes of a page that are not 0, as `0=9 4095=200`,
 *   and `zeros` if there are none;
 * - the name of the device's error, such as `ENOSPC`;
 * - `nothing`, if the step names what is not there: a file that was closed, a mapping that was refused;
 * - anything else is a way to fail that no device has, such as `RangeError`.
 */
export type Answer = string;

/** A trace as text: one line of JSON for each step, with what follows `//` for people. */
export function printTrace(steps: readonly Step[], notes: readonly string[] = []): string {
  return steps.map((step, number) => JSON.stringify(step) + (notes[number] ? ` // ${notes[number]}` : "")).join("\n");
}

/** A trace from its text. */
export function parseTrace(text: string): Step[] {
  const lines = text.split("\n").map((line) => line.replace(/ *\/\/.*/, "")).filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Step);
}
