/**
 * A step of a run: something that a program does on a machine with a few domains. Numbers name things, counted from 0
 * in the order in which they were made. In a trace they count from the newest backwards, and wrap around.
 */
export type Step =
  | { do: "start"; domid: number }
  | { do: "kill"; program: number }
  | { do: "destroy"; domid: number }
  | { do: "allocate"; program: number; pages: number; domid: number; writable: boolean }
  | { do: "free"; page: number }
  | { do: "pageNotify"; page: number; clearByte: number | null; channel: number | null }
  | { do: "map"; program: number; pages: number[]; writable: boolean }
  | { do: "unmap"; mapping: number }
  | { do: "write"; mapping: number; byte: number; value: number }
  | { do: "notify"; mapping: number; clearByte: number | null; channel: number | null }
  | { do: "copy"; program: number; segments: Segment[] }
  | { do: "bind"; program: number; domid: number }
  | { do: "connect"; program: number; channel: number }
  | { do: "send"; channel: number }
  | { do: "wait"; channel: number }
  | { do: "unbind"; channel: number }
  /** Makes the next call of a kind fail: before or after it is done, or a copy after some segments. */
  | { do: "fail"; call: Fallible; after: number | null };

/** The calls that a step can make fail. When those for waiting are made is not specified. */
export type Fallible = "map" | "unmap" | "copy" | "notify" | "bind" | "send" | "unbind" | Waiting;
/** The calls to a backend while somebody waits. */
type Waiting = "wait" | "pending" | "unmask";

/** A segment of a copy. One side may be memory, which has `value` in every byte if it is the source. */
export interface Segment {
  from: Place | null;
  to: Place | null;
  length: number;
  value: number;
}

/** Bytes of a page that was granted at some time. */
export interface Place {
  page: number;
  offset: number;
}
