import type { MachineState } from "../kernel.ts";
import type { Daemon } from "./daemon.ts";
import { DomainKernel } from "./domain_kernel.ts";
import { Oxenstored } from "./oxenstored.ts";
import { Toolstack } from "./toolstack.ts";
import { Xenstored } from "./xenstored.ts";

const stores = new WeakMap<MachineState, MachineStore>();

/** The store of a machine. The first call creates it, with the homes of all domains that there are. */
export function storeOf(machine: MachineState): MachineStore {
  let store = stores.get(machine);
  if (store === undefined) {
    store = new MachineStore(machine);
    stores.set(machine, store);
    machine.store = store;
  }
  return store;
}

/** The XenStore of a machine: the daemon, and the kernels and the toolstack that are connected to it. */
class MachineStore {
  readonly daemon: Daemon;
  readonly #kernels = new Map<number, DomainKernel>();
  readonly #toolstack: Toolstack;

  constructor(machine: MachineState) {
    const { store } = machine.settings;
    const exists = (domid: number) => domid === 0 || machine.find(domid) !== undefined;
    this.daemon = store.daemon === "xenstored" ? new Xenstored(store, exists) : new Oxenstored(store);
    this.#toolstack = new Toolstack(this.daemon);
    this.#connect(0);
    this.#toolstack.createDomain0();
    for (const { domid, destroyed } of machine.domains()) if (!destroyed) this.introduce(domid);
  }

  /** The kernel of a domain that is there. */
  kernel(domid: number): DomainKernel {
    return this.#kernels.get(domid)!;
  }

  introduce(domid: number): void {
    // Domain 0 is always there: the daemon runs in it.
    if (domid === 0) return;
    this.daemon.renew(domid);
    this.#toolstack.create(domid);
    this.#connect(domid);
  }

  #connect(domid: number, kernel = new DomainKernel(domid, this.daemon)): void {
    this.#kernels.set(domid, kernel);
    this.daemon.introduce(kernel.peer);
  }

  restore(from: number, to: number): void {
    const kernel = this.kernel(from);
    const identity = this.#toolstack.identity(from);
    this.daemon.suspend();
    this.release(from);
    this.daemon.renew(to);
    this.#toolstack.create(to, identity);
    kernel.reconnect(to);
    this.#connect(to, kernel);
    kernel.registerAgain();
  }

  release(domid: number): void {
    const { peer } = this.kernel(domid);
    this.daemon.reset(peer);
    if (domid === 0) return this.#connect(0);
    this.#kernels.delete(domid);
    this.#toolstack.remove(domid);
    this.daemon.release(domid);
  }
}
