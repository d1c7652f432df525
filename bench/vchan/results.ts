import type { Provenance } from "../harness/provenance.ts";
import type { Figures } from "./pair.ts";
import type { Work } from "./plan.ts";

/** What the ends of a runtime take besides time. */
export interface Quiet {
  readonly name: string;
  /** The share of a processor that an end takes which waits for nothing. */
  readonly idle: number;
  /** The bytes of the heap that a write and a read of a small message take, when none of them waits. */
  readonly heap: readonly [write: number, read: number];
}

/** The figures of a group. */
export interface GroupFigures {
  readonly title: string;
  /** The names of the pairs; the first is C. */
  readonly pairs: readonly string[];
  /** For each work, the rounds of each pair. */
  readonly works: readonly { readonly work: Work; readonly rounds: readonly (readonly Figures[])[] }[];
  readonly quiet: readonly Quiet[];
}

/** A run of the bench of channels. */
export interface VchanResults extends Provenance {
  readonly groups: readonly GroupFigures[];
}
