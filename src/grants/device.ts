import type { XenDomain } from "../contract/backend.ts";
import { type AllocatorReport, FileAllocator, type GrantAllocator } from "./allocator.ts";
import { checkBackend, checkLimit, checkOptions, show } from "../contract/checks.ts";
import { Driver } from "./engine.ts";
import { GrantError } from "../contract/errors.ts";

/** How a device is set up. */
export interface GrantDeviceOptions {
  /**
   * The number of pages that all its allocators may hold together: a whole number, or `Infinity`. Default is the limit of
   * the backend, which on Linux is that of the driver, shared by all processes.
   */
  limit?: number;
  /**
   * The compiled core, `core.wasm` of this package: where compiling from bytes is forbidden, as under a
   * Content-Security-Policy without `wasm-unsafe-eval`.
   */
  core?: WebAssembly.Module;
}

/** What a device holds, in pages. */
export interface DeviceReport {
  /** The number of pages that may be live, or `Infinity`: as it was when it was last needed. */
  readonly limit: number;
  /** Pages that count toward the limit. */
  readonly live: number;
  /** Pages that can be found: allocated, and not freed. Those of a closed allocator count while a mapping pins them. */
  readonly listed: number;
  /** Pages that are mapped in this process. */
  readonly mapped: number;
  /**
   * Pages let go of here, to which access has not ended: because the peer maps them, or because ending it failed. They are tried
   * again at each allocation, free, unmap and close. Linux since 5.17 keeps what the peer maps to itself: there the first kind is
   * not counted.
   */
  readonly pending: number;
  /** The open allocators, in the order in which they were opened. */
  readonly allocators: readonly AllocatorReport[];
}

/**
 * What allocates shared pages: one for a process, on one backend. Its `limit`, which can be read and set, is shared by all its
 * allocators.
 *
 * @example Share a page with a domain, and read it there
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using allocator = device.open();
 * using pages = allocator.allocate(0);
 * using ours = pages.map();
 * ours.bytes.set(new TextEncoder().encode("hello"));
 *
 * using mapper = new GrantMapper(xen.domain(0)); // the other domain
 * using theirs = mapper.map(1, pages.grefs);
 * assert.equal(new TextDecoder().decode(theirs.read(0, 5)), "hello");
 * ```
 */
export class GrantDevice implements Disposable {
  readonly #driver: Driver;
  readonly #allocators = new Set<GrantAllocator>();
  #closed = false;

  /**
   * Makes a device. Nothing is asked of the domain before {@linkcode GrantDevice.open}.
   *
   * @param domain The domain whose pages it shares: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @param options The limit, and where to take the core from.
   * @throws {TypeError} if the domain has no `grants`.
   * @throws {RangeError} if the limit is out of its bounds.
   */
  constructor(domain: Pick<XenDomain, "grants">, options: GrantDeviceOptions = {}) {
    const backend = checkBackend("make a device", domain, "grants", ["limit", "open"]);
    checkOptions("make a device", options);
    const { limit, core } = options;
    if (limit !== undefined) checkLimit("make a device", "`limit`", limit);
    if (core !== undefined && !(core instanceof WebAssembly.Module)) {
      throw new TypeError(
        `Cannot make a device as \`core\` must be a WebAssembly.Module: current value is ${show(core)}`,
      );
    }
    this.#driver = new Driver(backend, limit, core);
  }

  /** The number of pages that all allocators may hold together, or `Infinity`. */
  get limit(): number {
    return this.#driver.limit;
  }

  /** Pages beyond a lowered limit stay, and count: nothing is allocated until enough of them are freed. */
  set limit(pages: number) {
    checkLimit("set the limit", "`limit`", pages);
    this.#driver.limit = pages;
  }

  /**
   * Opens an allocator.
   *
   * @throws {GrantError} `no-device`, `permission` or `unsupported` if the backend cannot be used: the message says why, and
   * the way out; `closed` if the device is closed.
   */
  open(): GrantAllocator {
    if (this.#closed) {
      throw new GrantError("Cannot open an allocator as the device is closed: make another one", {
        code: "closed",
        operation: "open",
      });
    }
    const allocator = new FileAllocator(this.#driver, (closed) => this.#allocators.delete(closed));
    this.#allocators.add(allocator);
    return allocator;
  }

  /** What it holds. */
  inspect(): DeviceReport {
    const { books } = this.#driver;
    return {
      limit: books.limit(),
      live: books.live(),
      listed: books.listed(),
      mapped: books.mapped(),
      pending: books.pending(),
      allocators: [...this.#allocators].map((allocator) => allocator.inspect()),
    };
  }

  /**
   * Closes all its allocators. Pages that a peer still maps stay granted, and pending, until it lets go: each further call
   * ends access to those it has let go of since.
   *
   * @throws {GrantError} the first that one of them threw. All are closed all the same.
   */
  close(): void {
    this.#driver.checkIdle("close");
    this.#closed = true;
    let failure: unknown;
    try {
      this.#driver.reclaim();
    } catch (error) {
      failure = error;
    }
    for (const allocator of this.#allocators) {
      try {
        allocator.close();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Closes all its allocators, like {@linkcode GrantDevice.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
