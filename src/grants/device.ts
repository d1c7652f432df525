import { checkBackend, checkFlag, checkLimit } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { GrantError } from "../contract/errors.ts";
import { readOptions } from "../contract/options.ts";
import { showAs } from "../shared/inspection.ts";
import { AllocationTracker } from "./allocation_tracker.ts";
import { FileAllocator, type GrantAllocator } from "./allocator.ts";
import { checkCore } from "./check_core.ts";
import { GrantEngine } from "./engine.ts";
import type { DeviceReport } from "./reports.ts";

/** How to set up a device. */
export interface GrantDeviceOptions {
  /**
   * The number of pages that all allocators of the device may hold together: a whole number, or `Infinity`. Default is
   * the limit of the domain: on Linux the driver's, which all processes share.
   */
  limit?: number | undefined;
  /**
   * The compiled core: `core.wasm` of this package. Needed where compiling WebAssembly from bytes is forbidden, for
   * example by a Content-Security-Policy without `wasm-unsafe-eval`.
   */
  core?: WebAssembly.Module | undefined;
  /**
   * Whether to remember where and when pages were allocated: `inspect()` then lists the allocations, and errors about a
   * reached limit name the largest. A mapping of them that is dropped without being unmapped is reported through
   * `console.warn`, once. This takes some microseconds for each allocation. Default is false.
   *
   * @example Find out who holds pages
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using device = new GrantDevice(new MockXen().domain(1), { trackAllocations: true });
   * device.open().allocate(3, { pages: 4 });
   * const holder = device.inspect().allocations![0]!;
   * assert.deepEqual([holder.domid, holder.pages, holder.freed], [3, 4, 0]);
   * assert.match(holder.stack, /^at /);
   * ```
   */
  trackAllocations?: boolean | undefined;
}

/**
 * Shares pages of a domain with other domains. Create one for the whole process: its `limit`, which can be read and
 * set, applies to all its allocators together.
 *
 * @example Share a page with a domain, and read it there
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using share = device.open().share(0);
 * share.bytes.set(new TextEncoder().encode("hello"));
 *
 * using mapper = new GrantMapper(xen.domain(0)); // the other domain
 * using theirs = mapper.map(1, share.grefs);
 * assert.equal(new TextDecoder().decode(theirs.read(0, 5)), "hello");
 * ```
 */
export class GrantDevice implements Disposable {
  readonly #engine: GrantEngine;
  readonly #tracker: AllocationTracker | undefined;
  readonly #allocators = new Set<GrantAllocator>();
  #closed = false;

  /**
   * Creates a device. The domain is not used before {@linkcode GrantDevice.open}.
   *
   * @param domain The domain whose pages it shares: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @param options The limit, the compiled core, and whether to track allocations.
   * @throws {TypeError} if the domain has no `grants`.
   * @throws {RangeError} if the limit is out of bounds.
   */
  constructor(domain: Pick<XenDomain, "grants">, options?: GrantDeviceOptions) {
    const backend = checkBackend("create a device", domain, "grants", ["limit", "open"]);
    const given = readOptions("create a device", options, ["limit", "core", "trackAllocations"]);
    const { limit, core, trackAllocations = false } = given;
    if (limit !== undefined) checkLimit("create a device", "`limit`", limit);
    if (core !== undefined) checkCore("create a device", core);
    checkFlag("create a device", "`trackAllocations`", trackAllocations);
    this.#tracker = trackAllocations ? new AllocationTracker() : undefined;
    this.#engine = new GrantEngine(backend, limit, core);
  }

  /** Whether the device was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The number of pages that all allocators may hold together, or `Infinity`. */
  get limit(): number {
    return this.#engine.limit;
  }

  /** Pages beyond a lowered limit stay allocated, and count: nothing is allocated until enough of them are freed. */
  set limit(pages: number) {
    checkLimit("set the limit", "`limit`", pages);
    this.#engine.limit = pages;
  }

  /**
   * Opens an allocator.
   *
   * @throws {GrantError} `no-device`, `permission` or `unsupported` if the device cannot be used: the message says why,
   * and what to do; `closed` if this device is closed.
   */
  open(): GrantAllocator {
    if (this.#closed) {
      throw new GrantError("Cannot open an allocator: the device is closed. Create another device.", {
        code: "closed",
        operation: "open",
      });
    }
    const allocator = new FileAllocator(this.#engine, this.#tracker, (closed) => this.#allocators.delete(closed));
    this.#allocators.add(allocator);
    return allocator;
  }

  /** Counts what the device holds. Also works after the device was closed. Never throws. */
  inspect(): DeviceReport {
    const { books, reportedLimit, freedMapped } = this.#engine;
    return {
      limit: reportedLimit,
      live: books.live(),
      listed: books.listed(),
      mapped: books.mapped(),
      pending: books.pending(),
      freedMapped,
      allocators: [...this.#allocators].filter(({ closed }) => !closed).map((allocator) => allocator.inspect()),
      allocations: this.#tracker?.inspect(),
    };
  }

  /**
   * Closes all its allocators. Pages that a peer still maps stay granted, and pending, until it unmaps them. Each
   * further call ends access to those that peers have unmapped since.
   *
   * @throws {GrantError} the first error that occurs. All allocators are closed anyway.
   */
  close(): void {
    this.#engine.checkIdle("close");
    this.#closed = true;
    let failure: unknown;
    try {
      this.#engine.reclaim();
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

  static {
    showAs(GrantDevice, "GrantDevice", (device) => ({
      backend: device.#engine.backendName,
      limit: device.#engine.lastLimit,
      live: device.#engine.books.live(),
      allocators: device.#allocators.size,
      ...(device.#closed ? { closed: true } : {}),
    }));
  }
}
