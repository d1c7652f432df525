/**
 * A step of a run: something that a program does on a machine of a few domains. A number that names a thing counts from
 * 0 in the order of their making; in a trace it counts from the newest backwards, and wraps around.
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
  /** The next call of a kind fails, before or after it is done; a copy after some segments. */
  | { do: "fail"; call: Fallible; after: number | null };

/** The calls that a step has fail. Of those for waiting it is not said when they are made. */
export type Fallible = "map" | "unmap" | "copy" | "notify" | "bind" | "send" | "unbind" | Waiting;
/** What is asked of a backend while somebody waits. */
export type Waiting = "wait" | "pending" | "unmask";

/** A segment of a copy, of which one side may be memory: then `value` is what is written, or nothing. */
export interface Segment {
  from: Place | null;
  to: Place | null;
  length: number;
  value: number;
}

/** Bytes of a page, that was granted at some time. */
export interface Place {
  page: number;
  offset: number;
}
