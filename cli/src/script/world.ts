import type { XenDomain } from "@gntalloc/gntalloc";
import type { MockXen } from "@gntalloc/gntalloc/mock";

/** A program in a domain, on whose behalf statements run. */
export interface Program {
  /** The number of its domain. */
  readonly domid: number;
  /** The domain, as the program sees it. */
  readonly domain: XenDomain;
  /** Ends the program as `kill -9` does, where that can be done. */
  readonly kill?: () => void;
}

/** Where a script runs: on a simulated Xen, or in one domain of a real one. */
export interface World {
  /** The simulated machine, if it is one. */
  readonly xen: MockXen | undefined;
  /** Starts a program in a domain; without a number, in the one that the script is for. */
  start(domid: number | undefined): Promise<Program>;
}
