import type { XenDomain } from "../../src/contract/backend.ts";
import type { StoreBackend } from "../../src/contract/store_backend.ts";

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
  /**
   * Whether a port can be for a domain that is not there. Default is true. Xen refuses it if its policy is SILO, as
   * that of Debian for aarch64 is.
   */
  readonly absentPeers?: boolean;
  /** Whether the kernel has bound `VIRQ_TIMER`. Default is true. Linux on aarch64 leaves it free. */
  readonly timerBound?: boolean;
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

/** One side of a test of XenStore: a domain, by one of its ways to the daemon. */
export interface StoreSide {
  /** The device of the domain, or the socket of the daemon. */
  readonly store: StoreBackend;
  /** The domain. Domain 0 may do everything, and has no quotas. */
  readonly domid: number;
  /**
   * Whether a list of more than 4096 bytes can be read. If not, the suite expects `unsupported`: `oxenstored` sends no
   * parts of a list (it does not know `DIRECTORY_PART` in Xen 4.17), and the device takes no longer reply.
   */
  readonly longLists: boolean;
}

/** What the suite of XenStore tests: two domains, or two connections of one domain, in one process. */
export interface StoreTarget {
  /** One side. It may write below `data` in its home. */
  readonly ours: StoreSide;
  /** The other side, which may be the same domain. */
  readonly theirs: StoreSide;
  /**
   * Whether a node that is not there is `denied`, and not `not-found`, below one that may not be read. `xenstored` does
   * that, and `oxenstored` does not.
   */
  readonly hidesMissing: boolean;
  /** Called at the end of a test; throws if anything is left open, if it can tell. */
  close(): void;
}

/** The quotas of an unprivileged domain. */
export interface StoreQuotas {
  /** The most bytes of the value of a node with one permission. */
  readonly value?: number;
  /** The most nodes. Its kernel and other programs may have some of them. */
  readonly nodes?: number;
  /** The most watches. Its kernel and other programs may have some of them. */
  readonly watches?: number;
  /**
   * What is thrown for a watch too many, `quota` by default. It is `invalid` for `oxenstored` through the device: Linux
   * does not know the daemon's name of that error.
   */
  readonly watchRefusal?: "quota" | "invalid";
  /** The most open transactions. Its kernel and other programs may have some of them. */
  readonly transactions?: number;
}

/**
 * What some tests of XenStore need of a target.
 *
 * - `domain 0`: one side or both are domain 0.
 * - `unprivileged domain`: one side or both are not domain 0.
 * - `two domains`: the sides are different domains, so that at least one may not read what the other owns.
 * - `homes`: the home of each side has a `domid`, and the daemon serves its domain. A daemon without Xen serves no domain
 *   unless a test introduces it, and nobody writes the homes.
 * - `long lists`: a side is domain 0 and has {@linkcode StoreSide.longLists}.
 */
export type StoreNeed = "domain 0" | "unprivileged domain" | "two domains" | "homes" | "long lists";

/** How the suite of XenStore is run. */
export interface StoreConformanceOptions {
  /** Registers a test with a test runner. */
  test(name: string, run: () => Promise<void>): void;
  /**
   * What each target lacks. Tests that need it are not registered. One test fails if a target has what is named here, or
   * lacks anything else; so does each test that needs what the target lacks. Default is nothing.
   */
  readonly lacks?: readonly StoreNeed[];
  /** The quotas of an unprivileged domain. The tests of those that are not given are not registered. */
  readonly quotas?: StoreQuotas;
  /** Opens a target; once for each test. */
  open(): StoreTarget | Promise<StoreTarget>;
}

/** What the suite of channels tests: two domains, in one process. */
export interface VchanTarget {
  /** The domain of the server. It may write below `data` in its home, and share 520 pages. */
  readonly server: Pick<XenDomain, "grants" | "maps" | "events" | "store">;
  /** Its domid. */
  readonly serverDomid: number;
  /** The compiled core for the server to run on. Default is the embedded one. */
  readonly core?: WebAssembly.Module;
  /**
   * The domain of the client. It may be the same, except in a PVH or HVM domain on x86, which would lose its own pages
   * and then its kernel.
   */
  readonly client: Pick<XenDomain, "maps" | "events" | "store">;
  /** Its domid. */
  readonly clientDomid: number;
  /** Called at the end of a test; throws if anything is left open, if it can tell. */
  close(): void;
}

/** How the suite of channels is run. */
export interface VchanConformanceOptions {
  /** Registers a test with a test runner. */
  test(name: string, run: () => Promise<void>): void;
  /** Opens a target; once for each test. */
  open(): VchanTarget | Promise<VchanTarget>;
}
