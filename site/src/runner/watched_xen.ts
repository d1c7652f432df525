import type { XenDomain } from "@gntalloc/gntalloc";
import { Faults } from "@gntalloc/gntalloc/faults";
import { type MockDomain, type MockProcess, MockXen, type MockXenOptions } from "@gntalloc/gntalloc/mock";
import { Recorder } from "@gntalloc/gntalloc/record";
import type { Call } from "./call.ts";

const PARTS: ReadonlySet<PropertyKey> = new Set(["grants", "maps", "events", "store"]);

let latest: WatchedXen | undefined;

/** The machine that the program created last. */
export function watchedXen(): WatchedXen | undefined {
  return latest;
}

/** A `MockXen` as programs create it, whose calls are recorded and can be made to fail. */
export class WatchedXen extends MockXen {
  /** The numbers by which the program or the world has asked for domains. */
  readonly #asked = new Set<number>();
  /** Those domains, with the numbers that they had last. A restored one has another number now. */
  readonly #domains = new Map<MockDomain, number>();
  /** The programs that were started in domains, oldest first. */
  readonly processes: MockProcess[] = [];
  readonly #faces = new WeakMap<MockDomain, MockDomain>();
  readonly #faults = new WeakMap<MockDomain, Faults>();
  #calls: Call[] = [];

  constructor(options?: MockXenOptions) {
    super(options);
    latest = this;
  }

  override domain(domid: number): MockDomain {
    const domain = super.domain(domid);
    this.#asked.add(domid);
    if (!this.#domains.has(domain)) this.#domains.set(domain, domid);
    let face = this.#faces.get(domain);
    if (face === undefined) {
      face = this.#watch(domain, domain);
      this.#faces.set(domain, face);
    }
    return face;
  }

  /** Whether the program or the world knows a domain. */
  knows(domid: number): boolean {
    return this.#asked.has(domid) || [...this.#domains.keys()].some((domain) => domain.domid === domid);
  }

  /**
   * A domain as the page itself uses it: nothing is recorded, and nothing fails. `undefined` if it was destroyed, as to
   * ask for it would make another one.
   */
  bareDomain(domid: number): MockDomain | undefined {
    const known = [...this.#domains.keys()].findLast((domain) => domain.domid === domid);
    return known?.destroyed ? undefined : super.domain(domid);
  }

  /** The faults of a domain. */
  faults(domid: number): Faults {
    const domain = super.domain(domid);
    let faults = this.#faults.get(domain);
    if (faults === undefined) this.#faults.set(domain, faults = new Faults());
    return faults;
  }

  /** Returns the calls since it was asked last. */
  takeCalls(): Call[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  /** Returns the domains that were restored under another number since it was asked last. */
  takeRestored(): { from: number; to: number }[] {
    const restored = [...this.#domains].flatMap(([{ domid }, from]) => from === domid ? [] : [{ from, to: domid }]);
    for (const domain of this.#domains.keys()) this.#domains.set(domain, domain.domid);
    return restored;
  }

  /** Replaces the backends of a domain or of one of its programs. All else stays its own. */
  #watch<Owner extends MockDomain | MockProcess>(owner: Owner, domain: MockDomain): Owner {
    const recorder = new Recorder((line) => {
      const call = JSON.parse(line);
      if ("call" in call) this.#calls.push({ ...call, domid: domain.domid, of: call.domid });
    });
    const backends: Partial<XenDomain> = recorder.wrap(this.faults(domain.domid).wrap(owner));
    return new Proxy(owner, {
      get: (target, name) => {
        if (PARTS.has(name)) return backends[name as keyof XenDomain];
        if (name === "process") return () => this.#start(domain);
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  }

  #start(domain: MockDomain): MockProcess {
    const process = this.#watch(domain.process(), domain);
    this.processes.push(process);
    return process;
  }
}
