import { checkBackend, checkInteger, checkOptions } from "../../src/contract/checks.ts";
import type { EventBackend, GrantBackend, MapBackend } from "../../src/contract/backend.ts";
import { type FaultCall, type FaultKind, type FaultSide, KINDS, SIDES } from "./call.ts";
import { FaultyEventBackend } from "./events.ts";
import { type FailOptions, Failure } from "./failure.ts";
import { FaultyGrantBackend } from "./grants.ts";
import { Hold, type HoldOptions } from "./hold.ts";
import { Injector } from "./injector.ts";
import { FaultyMapBackend } from "./maps.ts";
import { Refusal, type RefuseOptions } from "./refusal.ts";
import { type FaultRule, Hook, randomNumbers, type Schedule } from "./rules.ts";

/** How faults are set up. */
export interface FaultsOptions {
  /** Decides what is left to chance, the same way each time: 0 to 2³² - 1. Default is 1. */
  seed?: number;
}

/**
 * Faults for backends of any side. Rules are set at any time, and add up; of several failures that are due for a call, the
 * one that was set first is injected.
 *
 * What fails after it was done is undone in the backend below: what was opened is closed, what was mapped is unmapped, an
 * unmap notify is set back unless its port is gone, a port that was bound is unbound, and events that were taken come with the
 * next `pending`. What was copied or sent stays so. Granted pages are named in the references, for the library to take back.
 * Where access has ended and the caller is told that it failed, the pages are remembered, and the next attempt succeeds. What
 * a failure before `unmap`, `unbind` or `close` leaves behind is counted by {@linkcode Faults.left}.
 *
 * @example A peer that never lets go, until it does
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { Faults } from "@gntalloc/gntalloc/faults";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const faults = new Faults();
 * const device = new GrantDevice({ grants: faults.grants(new MockXen().domain(1).grants) });
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
 * @example Everything fails at times, the same way for each seed
 * ```ts
 * import { GrantDevice, GrantError } from "@gntalloc/gntalloc";
 * import { Faults } from "@gntalloc/gntalloc/faults";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * const faults = new Faults({ seed: 7 });
 * const device = new GrantDevice({ grants: faults.grants(xen.domain(1).grants) });
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
   * Makes faults for some backends, none yet.
   *
   * @param options The seed.
   */
  constructor(options: FaultsOptions = {}) {
    checkOptions("make faults", options);
    const { seed = 1 } = options;
    checkInteger("make faults", "`seed`", seed, 0, 0xffff_ffff);
    this.#random = randomNumbers(seed);
  }

  /**
   * A granter's backend, with faults.
   *
   * @param backend The backend below. It is not changed.
   */
  grants(backend: GrantBackend): GrantBackend {
    checkBackend("inject faults", { grants: backend }, "grants", ["limit", "open"]);
    return new FaultyGrantBackend(backend, this.#injector);
  }

  /**
   * A peer's backend, with faults.
   *
   * @param backend The backend below. It is not changed.
   */
  maps(backend: MapBackend): MapBackend {
    checkBackend("inject faults", { maps: backend }, "maps", ["open"]);
    return new FaultyMapBackend(backend, this.#injector);
  }

  /**
   * A backend of event channels, with faults.
   *
   * @param backend The backend below. It is not changed.
   */
  events(backend: EventBackend): EventBackend {
    checkBackend("inject faults", { events: backend }, "events", ["open"]);
    return new FaultyEventBackend(backend, this.#injector);
  }

  /**
   * Makes calls fail: the next one, unless something else is said.
   *
   * - `grant` after some pages: their references are filled in.
   * - `endAccess` after some pages: it says that the rest has not ended. After all of them it throws.
   * - `copy` after some segments: these were copied, and the caller does not learn how many. For a status, see
   *   {@linkcode Faults.refuse}.
   * - `unmap`, `unbind` and `close` before: the mapping, port or file stays in the backend below, see {@linkcode Faults.left}.
   *
   * @param kind Which calls.
   * @param options When, how often, with what error, and what is done before.
   * @throws {TypeError} if the kind or an option makes no sense.
   * @throws {RangeError} if a number is out of its bounds.
   */
  fail(kind: FaultKind, options: FailOptions = {}): FaultRule {
    const { failures } = this.#injector;
    const failure = new Failure(kind, options, this.#random, (rule) => failures.delete(rule as Failure));
    failures.add(failure);
    return failure;
  }

  /**
   * Makes `endAccess` say that access to pages has not ended, as if the peer held them. The backend below is not asked for them.
   *
   * Such pages are pending, as with the driver up to Linux 5.16. A driver that takes pages over that a peer holds, such as Linux
   * since 5.17 or the mock with the profile `linux-6.1`, does not name them: there, let the peer map them.
   *
   * @throws {TypeError} if the references are not an array.
   * @param options Which pages, and how often. Default is all, until the rule is cleared.
   * @throws {RangeError} if a number is out of its bounds.
   */
  hold(options: HoldOptions = {}): FaultRule {
    const { holds } = this.#injector;
    const hold = new Hold(options, this.#random, (hold) => holds.delete(hold));
    holds.add(hold);
    return hold;
  }

  /**
   * Makes segments of copies be refused: the next one, unless something else is said. The backend below is not asked for them, and
   * the others are copied.
   *
   * @param options Which segments, how often, and the status.
   * @throws {TypeError} if the references are not an array.
   * @throws {RangeError} if a number is out of its bounds.
   */
  refuse(options: RefuseOptions = {}): FaultRule {
    const { refusals } = this.#injector;
    const refusal = new Refusal(options, this.#random, (rule) => refusals.delete(rule as Refusal));
    refusals.add(refusal);
    return refusal;
  }

  /**
   * Has something done before calls reach the backend below, or fail before they do. What the action throws, the call fails
   * with.
   *
   * @param kind Which calls.
   * @param action What is done. It must not use the device or mapper that makes the call, which would be `busy`.
   * @param schedule When, and how often. Default is at each of them.
   *
   * @example A peer that maps a page between the decision to end access and its end
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen({ profile: "linux-5.16" });
   * const faults = new Faults();
   * const device = new GrantDevice({ grants: faults.grants(xen.domain(1).grants) });
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
   * Has something done after the backend below has done its part of calls, and before they answer or fail. What the action
   * throws, the call fails with.
   *
   * @param kind Which calls.
   * @param action What is done. It must not use the device or mapper that makes the call, which would be `busy`.
   * @param schedule When, and how often. Default is at each of them.
   *
   * @example A peer that maps by guessing, while an allocation is being undone
   * ```ts
   * import { GrantDevice, GrantMapper, type Mapping } from "@gntalloc/gntalloc";
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen({ profile: "linux-5.16" });
   * const faults = new Faults();
   * const device = new GrantDevice({ grants: faults.grants(xen.domain(1).grants) });
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
    const { hooks } = this.#injector;
    const hook = new Hook(when, kind, action, schedule, this.#random, (rule) => hooks.delete(rule as Hook));
    hooks.add(hook);
    return hook;
  }

  /**
   * Ends all rules: from now on nothing fails, is held or refused; but a call under way that was stopped half-way fails. The
   * counters stay.
   */
  clear(): void {
    this.#injector.failures.clear();
    this.#injector.hooks.clear();
    this.#injector.holds.clear();
    this.#injector.refusals.clear();
  }

  /**
   * How many calls were made.
   *
   * @param kind Of which kind. Default is all.
   * @param side On which side. Default is all.
   */
  calls(kind?: FaultKind, side?: FaultSide): number {
    return this.#sum("calls", kind, side);
  }

  /**
   * How many faults were injected: failures, calls of `endAccess` that said of some page that it is held, and copies of
   * which some segment was refused.
   *
   * @param kind Into which kind of calls. Default is all.
   * @param side On which side. Default is all.
   */
  injected(kind?: FaultKind, side?: FaultSide): number {
    return this.#sum("injected", kind, side);
  }

  #sum(what: "calls" | "injected", kind: FaultKind | undefined, side: FaultSide | undefined): number {
    let sum = 0;
    for (const of of side === undefined ? SIDES : [side]) {
      for (const one of kind === undefined ? KINDS[of] : [kind]) sum += this.#injector.count(one, of)[what];
    }
    return sum;
  }

  /** Mappings, ports and files that are left in the backends below, as a fault came before their `unmap`, `unbind` or `close`. */
  get left(): number {
    return this.#injector.left.size;
  }

  /**
   * Unmaps, unbinds and closes what is left in the backends below.
   *
   * @throws the first error of these. Nothing is left all the same.
   */
  settle(): void {
    const actions = [...this.#injector.left];
    this.#injector.left.clear();
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
