import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import type { Asked } from "./call.ts";
import { FileBelow } from "./inner_file.ts";
import type { Injector } from "./injector.ts";

const side = "events";
const NO_GREFS: readonly number[] = [];

/** A backend of event channels with faults. */
export class FaultyEventBackend implements EventBackend {
  readonly name: string;
  readonly #backend: EventBackend;
  readonly #injector: Injector;

  constructor(backend: EventBackend, injector: Injector) {
    this.name = backend.name;
    this.#backend = backend;
    this.#injector = injector;
  }

  open(): EventFile {
    const file = this.#injector.call({ side, kind: "open", grefs: NO_GREFS }, {
      act: () => this.#backend.open(),
      undo: (file) => file.close(),
    });
    return new FaultyEventFile(file, this.#injector);
  }
}

class FaultyEventFile implements EventFile {
  readonly #file: EventFile;
  readonly #injector: Injector;
  readonly #below: FileBelow;
  /** Ports whose events the backend below has given out, though the caller was told that it failed. */
  #taken: number[] = [];
  /** Ports that are gone for the caller, and still bound below. */
  readonly #left = new Set<number>();

  constructor(file: EventFile, injector: Injector) {
    this.#file = file;
    this.#injector = injector;
    this.#below = new FileBelow(injector, side, file);
  }

  bindUnbound(domid: number): number {
    return this.#bind({ domid }, () => this.#file.bindUnbound(domid));
  }

  bindInterdomain(domid: number, remotePort: number): number {
    return this.#bind({ domid, remotePort }, () => this.#file.bindInterdomain(domid, remotePort));
  }

  bindVirq(virq: number): number {
    return this.#bind({ virq }, () => this.#file.bindVirq(virq));
  }

  #bind(what: Partial<Asked>, act: () => number): number {
    return this.#injector.call({ ...what, side, kind: "bind", grefs: NO_GREFS }, {
      act,
      undo: (port) => this.#file.unbind(port),
    });
  }

  notify(port: number): void {
    // An event that was sent cannot be taken back: to the other side it is one too many, which it must expect.
    this.#injector.call({ side, kind: "notify", port, grefs: NO_GREFS }, { act: () => this.#file.notify(port) });
  }

  pending(): readonly number[] {
    return this.#injector.call({ side, kind: "pending", grefs: NO_GREFS }, {
      act: () => this.#pending(),
      // They are masked: nobody would name them again.
      undo: (ports) => {
        if (Array.isArray(ports)) this.#taken = [...ports];
      },
    });
  }

  #pending(): readonly number[] {
    const ports = this.#file.pending();
    // Untouched, even if it is nonsense: that is the caller's to refuse.
    if (!Array.isArray(ports) || this.#taken.length + this.#left.size === 0) return ports;
    const all = [...this.#taken, ...ports].filter((port) => !this.#left.has(port));
    this.#taken = [];
    return all;
  }

  unmask(port: number): void {
    this.#injector.call({ side, kind: "unmask", port, grefs: NO_GREFS }, { act: () => this.#file.unmask(port) });
  }

  whenPending(callback: () => void): () => void {
    return this.#injector.call({ side, kind: "wait", grefs: NO_GREFS }, {
      act: () => this.#taken.length > 0 ? soon(callback) : this.#file.whenPending(callback),
      undo: (stop) => stop(),
    });
  }

  unbind(port: number): void {
    this.#taken = this.#taken.filter((taken) => taken !== port);
    this.#injector.call({ side, kind: "unbind", port, grefs: NO_GREFS }, {
      act: () => this.#file.unbind(port),
      skipped: () => {
        this.#left.add(port);
        this.#below.leave(() => {
          this.#left.delete(port);
          this.#file.unbind(port);
        });
      },
    });
  }

  close(): void {
    this.#below.close();
  }
}

/** Calls back when the caller is done, unless it is told not to. */
function soon(callback: () => void): () => void {
  let waiting = true;
  queueMicrotask(() => {
    if (!waiting) return;
    waiting = false;
    callback();
  });
  return () => {
    waiting = false;
  };
}
