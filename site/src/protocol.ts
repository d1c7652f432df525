/**
 * What the page and the worker that runs a program tell each other, as plain data.
 *
 * @module
 */
import type { MockXenReport } from "@gntalloc/gntalloc/mock";

/** What the page tells the worker. */
export type Order =
  /** Runs a program, which the page has prepared. It is sent once. */
  | { readonly type: "start"; readonly program: string }
  /** Lets the program run its next statement. */
  | { readonly type: "go" }
  /** The page has heard what it was told. */
  | { readonly type: "heard" }
  /** Does to a domain what the program has no say in. */
  | { readonly type: "world"; readonly deed: Deed; readonly domid: number };

/** What the worker tells the page. */
export type News =
  /** The program stopped before a statement, or the world did something. */
  | { readonly type: "frame"; readonly frame: Frame; readonly waits: boolean }
  | { readonly type: "print"; readonly text: string; readonly isError: boolean }
  /** What the world did, or why it could not. */
  | { readonly type: "world"; readonly text: string }
  | { readonly type: "end"; readonly failure: Failure | undefined };

/** What the world does to a domain. */
export type Deed = "map" | "unmap" | "kill" | "destroy" | "fill" | "fault";

/** Why a program ended early. */
export interface Failure {
  /** What is shown: it names the line, if that is known. */
  readonly text: string;
  /** The error's kind and code, such as `grant:map-refused`, if the library threw it. */
  readonly code: string | undefined;
  /** The line of the program that it came from, if that is known. */
  readonly line: number | undefined;
}

/** What a machine is like at one moment. */
export interface Frame {
  /** The line of the statement that comes next; `undefined` if the program has ended or waits. */
  readonly line: number | undefined;
  readonly report: MockXenReport;
  /** The bytes of granted pages: of the first ones, if a domain has many. */
  readonly pages: readonly Page[];
  /** The nodes of XenStore that have a value or that no other node is in, in the order of their paths. */
  readonly nodes: readonly StoreNode[];
  /** What the domains have asked of their kernels since the previous frame, in words. */
  readonly sentences: readonly string[];
  /** The ports through which events were sent or taken since then. */
  readonly rung: readonly { readonly domid: number; readonly port: number }[];
  /** The domains that have another number since then, as they were restored. */
  readonly restored: readonly { readonly from: number; readonly to: number }[];
}

/** A granted page. */
export interface Page {
  readonly domid: number;
  readonly gref: number;
  /** The bytes; `undefined` if nobody can read them any more. */
  readonly bytes: Uint8Array | undefined;
}

/** A node of XenStore. */
export interface StoreNode {
  readonly path: string;
  readonly value: string;
}
