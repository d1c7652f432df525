import { checkDomid } from "../../src/contract/checks.ts";
import { shorten, showAs } from "../../src/shared/inspection.ts";
import { Buffers } from "./buffers.ts";
import type { MockDomain } from "./domain.ts";
import { DomainFace } from "./faces.ts";
import { type DomainState, MachineState } from "./kernel.ts";
import { leftovers } from "./leftovers.ts";
import { checkMockXenOptions, type MockProfile, type MockXenOptions } from "./options.ts";
import { type MockXenReport, reportOf } from "./report.ts";
import { Slabs } from "./slabs.ts";

/** How many leftovers the error of `assertClean()` names. */
const SHOWN = 10;

let stateOf: (xen: MockXen) => MachineState;

/**
 * A simulated Xen. Its domains need not be created: {@linkcode MockXen.domain} returns the domain with any number.
 *
 * @example Two domains share a page
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen({ limit: 16 });
 * using pages = new GrantDevice(xen.domain(1)).open().allocate(0, { writable: true });
 * using theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs, { writable: true });
 * theirs.bytes[0] = 7;
 * using ours = pages.map();
 * assert.equal(ours.bytes[0], 7);
 * ```
 */
export class MockXen implements Disposable {
  static {
    stateOf = (xen) => xen.#machine;
    showAs(MockXen, "MockXen", (xen) => ({
      profile: xen.profile,
      guestType: xen.#machine.settings.guestType,
      domains: shorten([...xen.#machine.domains()].map(({ domid }) => domid)),
    }));
  }

  /** Which version of Linux's driver the domains run. */
  readonly profile: MockProfile;
  readonly #machine: MachineState;
  readonly #faces: WeakMap<DomainState, MockDomain> = new WeakMap();

  /**
   * Creates a simulated Xen.
   *
   * @param options Its profile, its sizes, where its pages are, and its XenStore.
   * @throws {TypeError} if an option has the wrong type, or names no profile, no kind of memory or no daemon.
   * @throws {RangeError} if a number is out of bounds.
   */
  constructor(options?: MockXenOptions) {
    const { memory, ...checked } = checkMockXenOptions(options);
    this.profile = checked.profile;
    this.#machine = new MachineState(checked, memory === "slabs" ? new Slabs() : new Buffers());
  }

  /**
   * Returns the domain with a number. The first call with a number creates the domain; so does the first call after
   * that domain was destroyed and its last page was unmapped.
   *
   * @param domid The number, 0 to 32751 (0x7FEF).
   * @throws {TypeError} if it is not a number.
   * @throws {RangeError} if it is out of bounds.
   */
  domain(domid: number): MockDomain {
    checkDomid("get a domain", domid);
    const state = this.#machine.domain(domid);
    let face = this.#faces.get(state);
    if (!face) {
      face = new DomainFace(state);
      this.#faces.set(state, face);
    }
    return face;
  }

  /**
   * Throws if anything is still granted, mapped by a reference, bound, or connected to XenStore on this machine. Call it
   * at the end of a test.
   *
   * With the profile `linux-5.16`, end all mappings before you close the device: a page that is still mapped then stays
   * granted until the device is closed again.
   *
   * @throws {Error} that names the first ten things left.
   *
   * @example Find a page that was not freed
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const pages = new GrantDevice(xen.domain(1)).open().allocate(0);
   * assert.throws(() => xen.assertClean(), /domain 1 grants domain 0 a page by reference 8/);
   * pages.free();
   * xen.assertClean();
   * ```
   */
  assertClean(): void {
    const left = leftovers(this.inspect());
    if (left.length === 0) return;
    const more = left.length > SHOWN ? `; and ${left.length - SHOWN} more` : "";
    throw new Error(`The simulated Xen is not clean: ${left.slice(0, SHOWN).join("; ")}${more}`);
  }

  /**
   * Throws unless the machine is clean, like {@linkcode MockXen.assertClean}. With `using`, declare the machine before
   * everything that runs on it, so that it is disposed of last. If the block throws as well, JavaScript throws a
   * `SuppressedError`.
   *
   * @throws {Error} that names the first ten things left.
   *
   * @example Check at the end of a block that nothing is left
   * ```ts
   * import { GrantDevice } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   *
   * using xen = new MockXen();
   * using device = new GrantDevice(xen.domain(1));
   * using pages = device.open().allocate(0);
   * ```
   */
  [Symbol.dispose](): void {
    this.assertClean();
  }

  /**
   * Returns what all domains hold as plain data: grants, mappings, ports, processes and connections
   * to XenStore.
   *
   * @example See who maps what
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using pages = new GrantDevice(xen.domain(1)).open().allocate(0, { pages: 2 });
   * using theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs);
   *
   * const [granter, peer] = xen.inspect().domains;
   * assert.deepEqual(granter?.grants.map(({ gref, mapped }) => [gref, mapped]), [[8, true], [9, true]]);
   * assert.deepEqual(peer?.mappings[0]?.pages, [{ domid: 1, gref: 8 }, { domid: 1, gref: 9 }]);
   * ```
   */
  inspect(): MockXenReport {
    return reportOf(this.#machine);
  }
}

/** The state of a machine's kernels, which tests compare with their models. */
export function machineState(xen: MockXen): MachineState {
  return stateOf(xen);
}
