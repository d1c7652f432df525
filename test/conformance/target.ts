import type { XenDomain } from "../../src/contract/backend.ts";

/** What is tested: both sides of one machine, in one process. */
export interface GrantsTarget {
  /** The domain that shares pages. Nobody else shares pages of it during a test. */
  readonly granter: Pick<XenDomain, "grants">;
  /** Its domid. */
  readonly granterDomid: number;
  /**
   * The domain that maps them. It may be the same, except in a PVH or HVM domain on x86, which would lose its own pages
   * and then its kernel.
   */
  readonly peer: Pick<XenDomain, "maps">;
  /** Its domid. */
  readonly peerDomid: number;
  /**
   * Sets the limit of the granter's domain, which `granter.grants.limit()` returns. It is 1024 when the target is
   * opened.
   */
  setLimit(pages: number): void;
  /** Whether a freed page counts toward the system's limit while the peer still maps it. */
  readonly heldPagesCount: boolean;
  /**
   * What happens to a view that its owner keeps when the mapping ends. It must become `detached`, the default. It may
   * stay `alive` only if its memory cannot be transferred and is never unmapped.
   */
  readonly keptViews?: "detached" | "alive";
  /** The compiled core to run on. Default is the embedded one. */
  readonly core?: WebAssembly.Module;
  /** Called at the end of a test; throws if anything is left granted or mapped. */
  close(): void;
}

/** How the suite of grant and map backends is run. */
export interface GrantsConformanceOptions {
  /** Registers a test with a test runner. */
  test(name: string, run: () => void): void;
  /** Opens a target; once for each test. */
  open(): GrantsTarget;
}

/** What the suite of mappers tests, including unmap notifies that send events. */
export interface MapsTarget extends GrantsTarget {
  /** The domain that shares pages, with event channels. */
  readonly granter: Pick<XenDomain, "grants" | "events">;
  /** The domain that maps them, with event channels. */
  readonly peer: Pick<XenDomain, "maps" | "events">;
  /** Whether pages that are not neighbours are mapped as one piece of memory. */
  readonly joinsPages: boolean;
}

/** How the suite of mappers is run. */
export interface MapsConformanceOptions {
  /** Registers a test with a test runner. */
  test(name: string, run: () => Promise<void>): void;
  /** Opens a target; once for each test. */
  open(): MapsTarget;
}

/** What the suite of event channels tests: both ends, in one process. */
export interface EventsTarget {
  /** One domain. Its `isAlive` is tested, too, if it has it. */
  readonly domain: Pick<XenDomain, "events"> & Partial<Pick<XenDomain, "isAlive">>;
  /** Its domid. */
  readonly domid: number;
  /**
   * Whether the domain knows which domains there are, as domain 0 does: `isAlive` must then never be `undefined`.
   * Default is false.
   */
  readonly knowsDomains?: boolean;
  /** The other domain, which may be the same. */
  readonly peer: Pick<XenDomain, "events">;
  /** Its domid. */
  readonly peerDomid: number;
  /** Called at the end of a test; throws if anything is left bound, if it can tell. */
  close(): void;
}

/** How the suite of event channels is run. */
export interface EventsConformanceOptions {
  /** Registers a test with a test runner. */
  test(name: string, run: () => Promise<void>): void;
  /** Opens a target; once for each test. */
  open(): EventsTarget;
}
