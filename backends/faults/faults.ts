import { checkInteger } from "../../src/contract/checks.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { MAX_UINT32 } from "../../src/contract/limits.ts";
import { readOptions } from "../../src/contract/options.ts";
import { intercept } from "../intercept/intercept.ts";
import { type FaultCall, type FaultKind, type FaultPart, KINDS, PARTS } from "./call.ts";
import { type FailOptions, Failure } from "./failure.ts";
import { Hold, type HoldOptions } from "./hold.ts";
import { injectFaults } from "./inject.ts";
import { Injector } from "./injector.ts";
import { Refusal, type RefuseOptions } from "./refusal.ts";
import { ReplyChange, type ReplyOptions } from "./reply.ts";
import { checkKind, checkPart, type FaultRule, Hook, randomNumbers, type Schedule } from "./rules.ts";
import { Split, type SplitOptions } from "./split.ts";

/** Options for {@linkcode Faults}. */
export interface FaultsOptions {
  /** The seed for random choices, 0 to 2³² - 1: the same seed makes the same choices. Default is 1. */
  seed?: number | undefined;
}

/**
 * Injects faults into the calls that the backends of domains receive. Rules can be set at any time, and add up; if
 * several failures are due for a call, the one that was set first is injected.
 *
 * The _inner_ backend is the one that was wrapped. A call that fails after it was done is undone there:
 *
 * - What was opened is closed, what was mapped is unmapped, and a port that was bound is unbound.
 * - The previous unmap notify is restored, unless its port is gone.
 * - Events that were taken are returned by the next `pending`.
 * - What was copied or sent is not undone.
 * - Bytes that were taken from XenStore are returned by the next `receive`.
 * - The references of granted pages are filled in, so that the library can take the pages back.
 * - Pages to which access has ended are remembered, and the next attempt succeeds.
 *
 * {@linkcode Faults.unreleased} counts what a failure before `unmap`, `unbind` or `close` leaves behind.
 *
 * @example A peer that holds a page until the rule is cleared
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { Faults } from "@gntalloc/gntalloc/faults";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const faults = new Faults();
 * const device = new GrantDevice(faults.wrap(new MockXen().domain(1)));
 * const allocator = device.open();
 * const pages = allocator.allocate(0, { pages: 3 });
 *
 * const peer = faults.hold({ grefs: [pages.grefs[1]!] });
 * pages.free();
 * assert.equal(device.inspect().pending, 1);
 * peer.clear();
 * allocator.close();
 * assert.equal(device.inspect().pending, 0);
 * ```
 *
 * @example Each kind of call fails at times, the same way for the same seed
 * ```ts
 * import { GrantDevice, GrantError } from "@gntalloc/gntalloc";
 * import { Faults } from "@gntalloc/gntalloc/faults";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * const faults = new Faults({ seed: 7 });
 * const device = new GrantDevice(faults.wrap(xen.domain(1)));
 * const allocator = device.open();
 * for (const kind of ["grant", "endAccess", "map", "unmap"] as const) faults.fail(kind, { rate: 0.3 });
 * for (let round = 0; round < 100; round++) {
 *   try {
 *     const pages = allocator.allocate(0, { pages: 4 });
 *     pages.map().unmap();
 *     pages.free();
 *   } catch (error) {
 *     if (!(error instanceof GrantError)) throw error;
 *   }
 * }
 * assert(faults.injected() > 20);
 *
 * faults.clear();
 * device.close();
 * assert.equal(device.inspect().live, 0);
 * xen.assertClean();
 * ```
 */
export class Faults {
  readonly #injector = new Injector();
  readonly #random: () => number;

  /**
   * Creates a set of faults without rules.
   *
   * @param options The seed.
   * @throws {TypeError} if the options are not an object, one does not exist, or the seed is not a number.
   * @throws {RangeError} if the seed is out of bounds.
   */
  constructor(options?: FaultsOptions) {
    const { seed = 1 } = readOptions("create faults", options, ["seed"]);
    checkInteger("create faults", "`seed`", seed, 0, MAX_UINT32);
    this.#random = randomNumbers(seed);
  }

  /**
   * Wraps a domain, or those parts of one that are present, so that rules apply to its calls. Several domains can be
   * wrapped: they share rules and counters. `isAlive` is passed through.
   *
   * @param domain The inner backends, which are not changed.
   * @returns The same parts, with faults.
   * @throws {TypeError} if the domain has no backend.
   */
  wrap<Part extends keyof XenDomain>(domain: Pick<XenDomain, Part>): Pick<XenDomain, Part> {
    return intercept("inject faults", domain, injectFaults(this.#injector));
  }

  /**
   * Makes calls fail. Default is the next call of the kind.
   *
   * - `grant` after some pages fills in their references and throws.
   * - `endAccess` after some pages returns the others as held. After all of them it throws.
   * - `copy` after some segments copies these and throws: the caller does not learn how many were copied. To give a
   *   segment a status, use {@linkcode Faults.refuse}.
   * - `unmap`, `unbind` and `close` with `when: "before"` leave the mapping, port or file in the inner backend: see
   *   {@linkcode Faults.unreleased}.
   *
   * @param kind The kind of call.
   * @param options Which calls fail, how often, when, and with what error.
   * @throws {TypeError} if there is no such kind or option, or an option is wrong.
   * @throws {RangeError} if a number is out of bounds.
   */
  fail(kind: FaultKind, options?: FailOptions): FaultRule {
    return addRule(this.#injector.failures, (clear) => new Failure(kind, options, this.#random, clear));
  }

  /**
   * Makes `endAccess` return pages as held, as if the peer mapped them. The inner backend is not called for them.
   *
   * Such pages are pending, as with the driver of Linux up to 5.16. Linux since 5.17, and the mock with the profile
   * `linux-6.1`, take over the pages that a peer maps and do not return them as held. To test that, have the peer map
   * the pages instead.
   *
   * @param options Which pages, and how often. Default is all pages, until the rule is cleared.
   * @throws {TypeError} if the options are not an object, one does not exist, or `grefs` is not an array of numbers.
   * @throws {RangeError} if a number is out of bounds.
   */
  hold(options?: HoldOptions): FaultRule {
    return addRule(this.#injector.holds, (clear) => new Hold(options, this.#random, clear));
  }

  /**
   * Refuses segments of copies. Default is the next segment. The inner backend does not receive them, and copies the
   * others.
   *
   * @param options Which segments, how often, and with what status.
   * @throws {TypeError} if the options are not an object, one does not exist, or `grefs` is not an array of numbers.
   * @throws {RangeError} if a number is out of bounds.
   */
  refuse(options?: RefuseOptions): FaultRule {
    return addRule(this.#injector.refusals, (clear) => new Refusal(options, this.#random, clear));
  }

  /**
   * Changes replies of XenStore. Default is the reply to the next request.
   *
   * @param options Which replies, how often, and how they change.
   * @throws {TypeError} if the options are not an object, one does not exist or has the wrong type, or not exactly one
   * change is given.
   * @throws {RangeError} if a number is out of bounds, or `error` is not the name of an error.
   *
   * @example Two conflicts, a full quota, and a connection that is lost with a commit under way
   * ```ts
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import { XenStore } from "@gntalloc/gntalloc/xenstore";
   * import assert from "node:assert/strict";
   *
   * const faults = new Faults();
   * using store = await XenStore.open(faults.wrap(new MockXen().domain(1)));
   * let runs = 0;
   * const increment = () => store.transaction((transaction) => transaction.write("data/count", ++runs));
   *
   * faults.reply({ to: "end a transaction", error: "EAGAIN", times: 2 });
   * await increment();
   * assert.equal(runs, 3);
   *
   * faults.reply({ to: "write", path: "data/big", error: "ENOSPC" });
   * await assert.rejects(store.write("data/big", "7"), { code: "quota", reason: "ENOSPC" });
   *
   * faults.reply({ to: "end a transaction", disconnect: true });
   * await assert.rejects(increment(), { code: "disconnected" });
   * ```
   *
   * @example A reply that is late, garbage, and a reply that never comes
   * ```ts
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import { XenStore } from "@gntalloc/gntalloc/xenstore";
   * import assert from "node:assert/strict";
   *
   * const faults = new Faults();
   * const domain = faults.wrap(new MockXen().domain(1));
   * using store = await XenStore.open(domain, { timeout: 500 });
   *
   * faults.reply({ to: "read", delay: 5 });
   * assert.equal(await store.readText("domid"), "1");
   *
   * faults.reply({ to: "read", bytes: new Uint8Array(16).fill(255) });
   * await assert.rejects(store.readText("domid"), { code: "disconnected" });
   *
   * using other = await XenStore.open(domain, { timeout: 50 });
   * faults.reply({ to: "read", delay: Infinity });
   * await assert.rejects(other.readText("domid"), { code: "timed-out" });
   * ```
   */
  reply(options: ReplyOptions): FaultRule {
    return addRule(this.#injector.changes, (clear) => new ReplyChange(options, this.#random, clear));
  }

  /**
   * Makes replies and events of XenStore arrive in pieces, each in a turn of the event loop of its own, until the rule
   * is cleared. Its `fired` counts the pieces.
   *
   * @param options How large a piece is. Default is one byte.
   * @throws {TypeError} if the options are not an object, one does not exist, or `size` is not a number.
   * @throws {RangeError} if `size` is out of bounds.
   *
   * @example A reply that arrives byte by byte
   * ```ts
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import { XenStore } from "@gntalloc/gntalloc/xenstore";
   * import assert from "node:assert/strict";
   *
   * const faults = new Faults();
   * using store = await XenStore.open(faults.wrap(new MockXen().domain(1)));
   * const pieces = faults.split();
   * assert.equal(await store.readText("domid"), "1");
   * assert.equal(pieces.fired, 17); // a header of 16 bytes, and the value
   * ```
   */
  split(options?: SplitOptions): FaultRule {
    return addRule(this.#injector.splits, (clear) => new Split(options, clear));
  }

  /**
   * Loses all connections to XenStore that are open now, as if the daemon had closed them. New ones can be opened.
   *
   * @example Test that a program notices the end of its connection while it waits
   * ```ts
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import { XenStore } from "@gntalloc/gntalloc/xenstore";
   * import assert from "node:assert/strict";
   *
   * const faults = new Faults();
   * using store = await XenStore.open(faults.wrap(new MockXen().domain(1)));
   * const ready = store.waitFor("data/ready", () => true, { timeout: 5000 });
   * faults.disconnect();
   * await assert.rejects(ready, { code: "disconnected" });
   * ```
   */
  disconnect(): void {
    for (const stream of this.#injector.streams) stream.disconnect();
  }

  /**
   * Runs an action before the inner backend receives a call, or before the call fails. If the action throws, the call
   * fails with that error.
   *
   * @param kind The kind of call.
   * @param action Gets the call. It must not use the device or mapper that makes the call, which is `busy`, and must
   * be done when it returns: a promise makes the call fail.
   * @param schedule Which calls, and how often. Default is every call.
   * @throws {TypeError} if there is no such kind or option, the action is not a function, or an option is wrong.
   * @throws {RangeError} if a number is out of bounds.
   *
   * @example A peer that maps a page just before access to it ends
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen({ profile: "linux-5.16" });
   * const faults = new Faults();
   * const device = new GrantDevice(faults.wrap(xen.domain(1)));
   * const mapper = new GrantMapper(xen.domain(0));
   * const pages = device.open().allocate(0, { pages: 2 });
   *
   * faults.before("endAccess", (call) => mapper.map(1, [call.grefs[1]!]));
   * pages.free();
   * assert.equal(device.inspect().pending, 1);
   * ```
   */
  before(kind: FaultKind, action: (call: FaultCall) => void, schedule: Schedule = {}): FaultRule {
    return this.#hook("before", kind, action, schedule);
  }

  /**
   * Runs an action after the inner backend has done a call, and before the call returns or fails. If the action throws,
   * the call fails with that error.
   *
   * @param kind The kind of call.
   * @param action Gets the call. It must not use the device or mapper that makes the call, which is `busy`, and must
   * be done when it returns: a promise makes the call fail.
   * @param schedule Which calls, and how often. Default is every call.
   * @throws {TypeError} if there is no such kind or option, the action is not a function, or an option is wrong.
   * @throws {RangeError} if a number is out of bounds.
   *
   * @example A peer that guesses a reference and maps the page before a failed allocation is undone
   * ```ts
   * import { GrantDevice, GrantMapper, type Mapping } from "@gntalloc/gntalloc";
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen({ profile: "linux-5.16" });
   * const faults = new Faults();
   * const device = new GrantDevice(faults.wrap(xen.domain(1)));
   * const mapper = new GrantMapper(xen.domain(0));
   * const allocator = device.open();
   *
   * let theirs: Mapping | undefined;
   * faults.fail("grant", { afterPages: 2 });
   * faults.after("grant", (call) => theirs = mapper.map(1, [call.grefs[0]!]), { times: 1 });
   * assert.throws(() => allocator.allocate(0, { pages: 3 }));
   * assert.equal(device.inspect().pending, 1);
   * theirs?.unmap();
   * device.close();
   * xen.assertClean();
   * ```
   */
  after(kind: FaultKind, action: (call: FaultCall) => void, schedule: Schedule = {}): FaultRule {
    return this.#hook("after", kind, action, schedule);
  }

  #hook(
    when: "before" | "after",
    kind: FaultKind,
    action: (call: FaultCall) => void,
    schedule: Schedule,
  ): FaultRule {
    return addRule(this.#injector.hooks, (clear) => new Hook(when, kind, action, schedule, this.#random, clear));
  }

  /**
   * Ends all rules: from now on nothing fails, is held, refused or changed. A call under way that was stopped halfway
   * still fails, and a request to XenStore that was sent before still gets the reply of its rule. The counters keep
   * their values.
   */
  clear(): void {
    this.#injector.failures.clear();
    this.#injector.hooks.clear();
    this.#injector.holds.clear();
    this.#injector.refusals.clear();
    this.#injector.changes.clear();
    this.#injector.splits.clear();
  }

  /**
   * The number of calls that were made.
   *
   * @param kind Counts calls of this kind. Default is all kinds.
   * @param part Counts calls of this part. Default is all parts.
   * @throws {TypeError} if there is no such kind or part.
   */
  calls(kind?: FaultKind, part?: FaultPart): number {
    return this.#sum("calls", kind, part);
  }

  /**
   * The number of faults that were injected: failures, calls of `endAccess` with a page that a rule held, copies with a
   * segment that a rule refused, and calls of `send` whose reply a rule changed.
   *
   * @param kind Counts faults in calls of this kind. Default is all kinds.
   * @param part Counts faults in calls of this part. Default is all parts.
   * @throws {TypeError} if there is no such kind or part.
   */
  injected(kind?: FaultKind, part?: FaultPart): number {
    return this.#sum("injected", kind, part);
  }

  #sum(what: "calls" | "injected", kind: FaultKind | undefined, part: FaultPart | undefined): number {
    const summed = what === "calls" ? "count calls" : "count faults";
    if (kind !== undefined) checkKind(summed, kind);
    if (part !== undefined) checkPart(summed, part);
    let sum = 0;
    for (const of of part === undefined ? PARTS : [part]) {
      for (const one of kind === undefined ? KINDS[of] : [kind]) sum += this.#injector.count(one, of)[what];
    }
    return sum;
  }

  /**
   * The number of mappings, ports and files that are left in inner backends because their `unmap`, `unbind` or `close`
   * never got there.
   */
  get unreleased(): number {
    return this.#injector.unreleased.size;
  }

  /**
   * Unmaps, unbinds and closes what is {@linkcode Faults.unreleased}.
   *
   * @throws the first error. Everything counts as released anyway.
   */
  releaseAll(): void {
    const actions = [...this.#injector.unreleased];
    this.#injector.unreleased.clear();
    const failures: unknown[] = [];
    for (const action of actions) {
      try {
        action();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/**
 * Adds a rule to others of its kind.
 *
 * @param create Creates the rule. It gets what removes the rule again.
 */
function addRule<Rule extends FaultRule>(rules: Set<Rule>, create: (clear: () => void) => Rule): Rule {
  const rule: Rule = create(() => rules.delete(rule));
  rules.add(rule);
  return rule;
}
