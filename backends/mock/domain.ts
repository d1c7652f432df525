import type { StoreBackend, XenDomain } from "../../src/contract/backend.ts";

/** How a domain is restored. */
export interface MockRestoreOptions {
  /**
   * The number of the domain afterwards, 1 to 32751 (0x7FEF), which no domain may have now. The default is the next
   * number that no domain has.
   */
  domid?: number | undefined;
}

/**
 * A domain of a simulated Xen.
 *
 * What is opened through its own backends belongs to its main program, which ends with the domain.
 * Start further programs, which can be killed, with {@linkcode MockDomain.process}.
 */
export interface MockDomain extends XenDomain {
  /** The number by which other domains name this one. {@linkcode MockDomain.saveAndRestore} changes it. */
  readonly domid: number;
  /** XenStore through the device `/dev/xen/xenbus` of the domain. */
  readonly store: StoreBackend;
  /**
   * XenStore through the socket of its daemon, which runs in domain 0. Its connections may do everything, without
   * quotas. In other domains, opening one throws a `StoreError` with the code `no-device`.
   */
  readonly storeSocket: StoreBackend;
  /**
   * The driver's limit: how many pages all programs of the domain can allocate together, or `Infinity`. If you lower
   * it, pages beyond it stay allocated and count.
   *
   * @throws {TypeError} if the new limit is not a number.
   * @throws {RangeError} if it is neither `Infinity` nor a whole number from 0 to 4,294,967,295.
   */
  limit: number;
  /** Whether the domain was destroyed. */
  readonly destroyed: boolean;
  /**
   * Starts a program in this domain. What it opens belongs to it, and ends when you kill it.
   *
   * @throws {GrantError} `closed` if the domain was destroyed.
   *
   * @example See what a program leaves to its peer when it dies
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const program = xen.domain(1).process();
   * const pages = new GrantDevice(program).open().allocate(0, { writable: true });
   * using mapper = new GrantMapper(xen.domain(0));
   * using theirs = mapper.map(1, pages.grefs, { writable: true });
   * theirs.bytes[0] = 1;
   * pages.setUnmapNotify({ clearByte: 0 });
   *
   * program.kill();
   * assert.equal(theirs.bytes[0], 0);
   * ```
   */
  process(): MockProcess;
  /**
   * Raises a virtual interrupt: sends an event to the channel that is bound to it, if there is one.
   *
   * @param virq The number of the interrupt, 0 to 23: a `VIRQ_*` of Xen's public headers.
   * @throws {TypeError} if it is not a number.
   * @throws {RangeError} if it is out of bounds.
   *
   * @example Wake a program that waits for VIRQ 3
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using events = new EventChannels(xen.domain(0));
   * const channel = events.bindVirq(3);
   * xen.domain(0).raiseVirq(3);
   * await channel.wait();
   * assert.equal(channel.closed, false);
   * ```
   */
  raiseVirq(virq: number): void;
  /**
   * Saves the domain and restores it, as `xl save` and `xl restore` do, and as a migration does. Its programs go on and
   * are not told, but all that they share is void:
   *
   * - The domain has a new number.
   * - Nobody can map its pages by their old references. Its programs still have the pages, which count toward the limit
   *   until they are freed.
   * - Its mappings of other domains' pages are gone, without their unmap notifies. Their views have length 0, if no
   *   other mapping of the allocation is left. (On a device, a program that touches them dies.)
   * - No event arrives on its ports, and `notify()` does nothing. `unbind()` and `close()` of void ports, and
   *   `unmap()` of a lost mapping whose unmap notify clears a byte, crash Linux's kernel: here they throw
   *   `backend-failed`. The end of the program crashes it, too: here, `kill()` leaves its void ports bound. Only
   *   `destroy()` removes them.
   * - In XenStore, its old home goes and a new one is made. Its watches stay, and fire once; its open transactions
   *   cannot be committed (`EAGAIN`).
   *
   * Other domains that map its pages keep them, under the old number, which belongs to a destroyed domain until they
   * have unmapped all of them. They are not told either. (On a device, both sides then have a copy of the page. On the
   * mock, views of the same page still show the same memory.)
   *
   * A suspend that is cancelled, as by `xl save -c`, changes nothing for a program. `docs/semantics.md` says what a
   * program should do.
   *
   * @param options The new number.
   * @throws {TypeError} if `domid` is not a number.
   * @throws {RangeError} if `domid` is out of bounds or taken, or this is domain 0.
   * @throws {GrantError} `closed` if the domain was destroyed.
   *
   * @example Test that a program shares its pages anew
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using xen = new MockXen();
   * using mapper = new GrantMapper(xen.domain(0));
   * const domain = xen.domain(1);
   * using device = new GrantDevice(domain);
   * using allocator = device.open();
   *
   * const pages = allocator.allocate(0);
   * domain.saveAndRestore({ domid: 7 });
   * assert.throws(() => mapper.map(7, pages.grefs), { code: "map-refused" });
   *
   * pages.free();
   * const next = allocator.allocate(0);
   * mapper.map(domain.domid, next.grefs).unmap();
   * ```
   */
  saveAndRestore(options?: MockRestoreOptions): void;
  /**
   * Destroys the domain, as `xl destroy` does. Its mappings and event channels end, and its devices refuse everything
   * with `closed`. Neither its programs nor its kernel run any more: waits and iterators of its programs never settle by
   * themselves, as after {@linkcode MockProcess.kill}, and none of their unmap notifies fires. Only XenStore tells other
   * domains: the home of the domain goes, and all nodes that it owns, with events, and then `@releaseDomain` fires.
   *
   * While other domains map any of its pages, it keeps its number: they keep those pages, and can map them again. Its
   * other pages are gone. When the last such mapping ends, the number is free for a new domain.
   *
   * @example Destroy a domain whose page is still mapped
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const domain = xen.domain(1);
   * const pages = new GrantDevice(domain).open().allocate(0);
   * const theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs);
   *
   * domain.destroy();
   * assert.equal(xen.domain(1), domain);
   * theirs.unmap();
   * assert.notEqual(xen.domain(1), domain);
   * ```
   */
  destroy(): void;
}

/** A program that runs in a domain of a simulated Xen. What is opened through its backends belongs to it. */
export interface MockProcess extends XenDomain {
  /** The domain in which it runs. */
  readonly domain: MockDomain;
  /** XenStore through the device `/dev/xen/xenbus` of the domain. */
  readonly store: StoreBackend;
  /**
   * XenStore through the socket of its daemon, which runs in domain 0. Its connections may do everything, without
   * quotas. In other domains, opening one throws a `StoreError` with the code `no-device`.
   */
  readonly storeSocket: StoreBackend;
  /** Whether it was killed. A program whose domain was destroyed before does not count as killed. */
  readonly killed: boolean;
  /**
   * Kills the program, as `kill -9` does. The kernel ends its mappings and closes its files: unmap notifies fire, access
   * to its pages ends unless a peer still maps them, its ports are unbound, and its watches and transactions in XenStore
   * end.
   *
   * The program is told nothing, because none of its code runs: its waits and iterators never settle, and no longer
   * keep this program alive. Only a `timeout` or a `signal` of its own still ends a wait. Code of it that runs anyway,
   * after a timer for example, gets `closed` from calls of its devices, and `undefined` from `isAlive()`.
   *
   * @example Kill a program that has a channel bound
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const program = xen.domain(1).process();
   * new EventChannels(program).bindUnbound(0);
   * assert.throws(() => xen.assertClean(), /domain 1 has port 1 bound/);
   *
   * program.kill();
   * xen.assertClean();
   * ```
   */
  kill(): void;
}
