/**
 * What a picture of a machine needs to know: a part of what `inspect()` of a `MockXen` returns.
 *
 * @module
 */

/** The domains of a machine. */
export interface DrawnMachine {
  /** The domains, in the order in which they are drawn. */
  readonly domains: readonly DrawnDomain[];
}

/** What a domain holds. */
export interface DrawnDomain {
  /** Its number. */
  readonly domid: number;
  /** Whether it was destroyed. */
  readonly destroyed: boolean;
  /** How many pages it may grant, or `Infinity`. */
  readonly limit: number;
  /** How many pages count toward the limit. */
  readonly counted: number;
  /** Its programs. */
  readonly processes: readonly object[];
  /** The pages that it grants, by ascending reference. */
  readonly grants: readonly DrawnGrant[];
  /** Its mappings of granted pages. */
  readonly mappings: readonly DrawnMapping[];
  /** Its ports. */
  readonly ports: readonly DrawnPort[];
  /** Its connections to XenStore. */
  readonly connections: readonly object[];
}

/** A granted page. */
export interface DrawnGrant {
  /** Its reference. */
  readonly gref: number;
  /** The domain that can map it. */
  readonly domid: number;
  /** Whether that domain can write to it. */
  readonly writable: boolean;
  /** The number of the program that granted it; `undefined` if there is none any more. */
  readonly process: number | undefined;
  /** Whether it is mapped although its owner has freed it, or died. */
  readonly held: boolean;
  /** Whether it is mapped by its reference. */
  readonly mapped: boolean;
  /** Whether nobody can map it any more, because its domain was restored. */
  readonly voided: boolean;
}

/** A mapping of granted pages. */
export interface DrawnMapping {
  /** Whether the pages are mapped for writing. */
  readonly writable: boolean;
  /** The pages: who granted each, and by which reference. */
  readonly pages: readonly { readonly domid: number; readonly gref: number }[];
}

/** A port. */
export interface DrawnPort {
  /** Its number. */
  readonly port: number;
  /** The domain that is, or may be, at the other end; `undefined` for a virtual interrupt. */
  readonly domid: number | undefined;
  /** The port at the other end, if one is bound. */
  readonly remotePort: number | undefined;
  /** The virtual interrupt that is bound to it, if there is one. */
  readonly virq: number | undefined;
  /** Whether the domain was restored since the port was bound. */
  readonly voided: boolean;
}
