import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkCount, checkDomid, checkFlag, checkInteger, show } from "../contract/checks.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import { readOptions } from "../contract/options.ts";
import type { GrantAllocator } from "../grants/allocator.ts";
import type { Share } from "../grants/share.ts";
import { runAll } from "../shared/run_all.ts";
import { isPageShortage } from "../shared/shortage.ts";
import { showAs } from "../shared/inspection.ts";
import { readSignal } from "../xenstore/abort.ts";
import { addAbortListener, reasonOf, removeAbortListener } from "../shared/signal.ts";
import { PvError } from "./errors.ts";

/** What a pool holds, and how. */
export interface GrantPoolOptions {
  /**
   * The most pages that it grants at once, at least 1. A domain may usually grant 1024 in all.
   *
   * @default {256}
   */
  pages?: number | undefined;
  /**
   * Whether pages stay granted when they are given back. The backend may then keep them mapped, which saves both sides
   * most of the work of a request. Otherwise each page is granted for one use, so the backend loses access to what is
   * put into it later.
   *
   * @default {true}
   */
  persistent?: boolean | undefined;
}

/** Pages of a pool that were taken: for one request, for example. */
export interface PoolPages extends Disposable {
  /** The grant references of the pages, in order. */
  readonly grefs: readonly number[];
  /** The memory of each page. It may have bytes of an earlier use. */
  readonly pages: readonly Uint8Array<ArrayBuffer>[];
  /**
   * Gives the pages back. Only do so when the other side no longer uses them. Does nothing if that was done, or if the
   * pool was closed.
   *
   * @throws {GrantError} if the system refuses. The pages are given back anyway.
   */
  release(): void;
  /** Gives the pages back, like {@linkcode PoolPages.release}. */
  [Symbol.dispose](): void;
}

/** How to wait for pages. */
export interface PoolTakeOptions {
  /** Gives the call up when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** A page that is granted and mapped. */
interface Page {
  readonly gref: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A call that waits for pages. */
interface Waiter {
  readonly count: number;
  readonly signal: AbortSignal | undefined;
  resolve(pages: PoolPages): void;
  reject(error: unknown): void;
}

/**
 * Pages that are granted to one domain, all for writing, from which each request takes some. The pages that were given
 * back last are taken first, as the other side most likely has those mapped.
 *
 * @example Take a page for a request
 * ```ts
 * import { GrantPool } from "@gntalloc/gntalloc/pv";
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * using device = new GrantDevice(new MockXen().domain(1));
 * using pool = new GrantPool(device.open(), 0, { pages: 8 });
 * let gref: number | undefined;
 * {
 *   using request = await pool.take(1);
 *   request.pages[0]!.set([1, 2, 3]);
 *   gref = request.grefs[0];
 * }
 * using next = await pool.take(2);
 * assert(next.grefs.includes(gref!));
 * assert.equal(device.inspect().live, 2);
 * ```
 */
export class GrantPool implements Disposable {
  static {
    showAs(GrantPool, "GrantPool", (pool) => ({
      domid: pool.#domid,
      pages: pool.#most,
      used: pool.#used,
      persistent: pool.#persistent,
      closed: pool.#closed,
    }));
  }

  readonly #allocator: GrantAllocator;
  readonly #domid: number;
  readonly #most: number;
  readonly #persistent: boolean;
  readonly #shares = new Set<Share>();
  readonly #idle: Page[] = [];
  readonly #waiting = new Set<Waiter>();
  #used = 0;
  #closed = false;

  /**
   * Creates a pool. Pages are granted when they are first needed.
   *
   * @param allocator Where the pages come from. The pool does not close it.
   * @param domid The domain that may map them, 0 to 32751 (0x7FEF).
   * @param options How many pages, and whether they stay granted.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   */
  constructor(allocator: GrantAllocator, domid: number, options?: GrantPoolOptions) {
    const what = "create a pool";
    if (typeof Object(allocator).share !== "function") {
      throw new ArgumentTypeError(
        `Cannot ${what} as \`allocator\` must be a GrantAllocator: current value is ${show(allocator)}`,
      );
    }
    checkDomid(what, domid);
    const { pages = 256, persistent = true } = readOptions(what, options, ["pages", "persistent"]);
    checkCount(what, "`pages`", pages);
    checkFlag(what, "`persistent`", persistent);
    this.#allocator = allocator;
    this.#domid = domid;
    this.#most = pages;
    this.#persistent = persistent;
  }

  /** The domain that may map the pages. */
  get domid(): number {
    return this.#domid;
  }

  /** The most pages at once. */
  get pages(): number {
    return this.#most;
  }

  /** How many pages are taken. */
  get used(): number {
    return this.#used;
  }

  /** Whether pages stay granted when they are given back. */
  get persistent(): boolean {
    return this.#persistent;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Takes pages, without waiting.
   *
   * @param count How many, from 1 to {@linkcode GrantPool.pages}.
   * @returns The pages; `undefined` if too many are in use, or others wait for some.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {PvError} `closed` if the pool is closed.
   * @throws {GrantError} if the system has no more pages, and none of the pool is in use.
   */
  tryTake(count: number): PoolPages | undefined {
    this.#check(count);
    return this.#waiting.size > 0 ? undefined : this.#take(count);
  }

  /**
   * Takes pages, and waits until there are enough. Calls are served in their order.
   *
   * @param count How many, from 1 to {@linkcode GrantPool.pages}.
   * @param options A signal that gives the call up.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {PvError} `closed` if the pool is closed, before or while it waits.
   * @throws {GrantError} if the system has no more pages, and none of the pool is in use.
   */
  take(count: number, options?: PoolTakeOptions): Promise<PoolPages> {
    try {
      const signal = readSignal("take pages", options);
      const pages = this.tryTake(count);
      return pages ? Promise.resolve(pages) : this.#wait(count, signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #wait(count: number, signal: AbortSignal | undefined): Promise<PoolPages> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        stop();
        reject(reasonOf(signal!));
        // Those behind it may need fewer pages.
        this.#serve();
      };
      const stop = () => {
        this.#waiting.delete(waiter);
        if (signal) removeAbortListener(signal, onAbort);
      };
      const waiter: Waiter = {
        count,
        signal,
        resolve(pages) {
          stop();
          resolve(pages);
        },
        reject(error) {
          stop();
          reject(error);
        },
      };
      this.#waiting.add(waiter);
      if (signal) addAbortListener(signal, onAbort);
    });
  }

  #check(count: number): void {
    checkInteger("take pages", "`count`", count, 1, this.#most);
    if (this.#closed) throw this.#closedError();
  }

  #closedError(): PvError {
    return new PvError("Cannot take pages: the pool is closed. Create another one.", {
      code: "closed",
      operation: "take pages",
    });
  }

  #take(count: number): PoolPages | undefined {
    if (this.#used + count > this.#most) return undefined;
    try {
      return this.#persistent ? this.#takeIdle(count) : this.#takeFresh(count);
    } catch (error) {
      const waits = isPageShortage(error) && this.#used > 0;
      if (!waits) throw error;
      return undefined;
    }
  }

  #takeIdle(count: number): PoolPages {
    const idle = this.#idle;
    if (idle.length < count) {
      const share = this.#share(count - idle.length);
      // Below the others, which are in use more often.
      idle.unshift(...pagesOf(share));
    }
    const pages = idle.splice(idle.length - count);
    return this.#lease(pages, () => void idle.push(...pages));
  }

  #takeFresh(count: number): PoolPages {
    const share = this.#share(count);
    return this.#lease(pagesOf(share), () => {
      this.#shares.delete(share);
      share.release();
    });
  }

  #share(count: number): Share {
    const share = this.#allocator.share(this.#domid, { pages: count, writable: true });
    this.#shares.add(share);
    return share;
  }

  #lease(pages: readonly Page[], giveBack: () => void): PoolPages {
    this.#used += pages.length;
    let isReleased = false;
    const release = () => {
      if (isReleased || this.#closed) return;
      isReleased = true;
      this.#used -= pages.length;
      try {
        giveBack();
      } finally {
        this.#serve();
      }
    };
    return {
      grefs: pages.map(({ gref }) => gref),
      pages: pages.map(({ bytes }) => bytes),
      release,
      [Symbol.dispose]: release,
    };
  }

  /** Serves those who wait, as far as the pages go. */
  #serve(): void {
    for (const waiter of this.#waiting) {
      // Several waiters may share a signal, which reaches them one after the other.
      if (waiter.signal?.aborted) continue;
      try {
        const pages = this.#take(waiter.count);
        if (pages === undefined) return;
        waiter.resolve(pages);
      } catch (error) {
        waiter.reject(error);
      }
    }
  }

  /**
   * Frees all pages, also those that were taken: the backend must not use them any more. Calls that wait fail with
   * `closed`. Does nothing if it is closed.
   *
   * @throws {GrantError} if the system refuses. The pool is closed anyway.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const waiter of this.#waiting) waiter.reject(this.#closedError());
    this.#idle.length = 0;
    runAll(...[...this.#shares].map((share) => () => share.release()));
  }

  /** Frees all pages, like {@linkcode GrantPool.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function pagesOf({ grefs, bytes }: Share): Page[] {
  return grefs.map((gref, index) => ({ gref, bytes: bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE) }));
}
