import { GrantError } from "../../src/contract/errors.ts";
import type { EventFile } from "../../src/contract/backend.ts";
import { type Port, type PortFile, send, unmask } from "./port_table.ts";
import type { MockProcess, ProcessFile } from "./process.ts";

/** The error's number on Linux for a port that is not this file's. */
const ENOTCONN = 107;

/** One open file of a simulated domain, through which its ports are bound. Whoever waits is called back in a microtask. */
export class MockEventFile implements EventFile, PortFile, ProcessFile {
  readonly process: MockProcess;
  readonly #ports = new Map<number, Port>();
  /** Ports to which events have come, in this order. */
  readonly #came = new Set<number>();
  #wake: (() => void) | undefined;

  constructor(process: MockProcess) {
    this.process = process;
    process.domain.files.add(this);
  }

  bindUnbound(domid: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.eventChannels.bindUnbound(domid, this));
  }

  bindInterdomain(domid: number, remotePort: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.eventChannels.bindInterdomain(domid, remotePort, this));
  }

  bindVirq(virq: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.eventChannels.bindVirq(virq, this));
  }

  #add(port: Port): number {
    this.#ports.set(port.number, port);
    return port.number;
  }

  #port(number: number, operation: "notify" | "wait" | "unbind"): Port {
    this.process.checkAlive(operation);
    const port = this.#ports.get(number);
    if (port) return port;
    throw new GrantError(`Cannot ${operation} as port ${number} is not bound through this file`, {
      code: "port-refused",
      operation,
      errno: ENOTCONN,
    });
  }

  notify(port: number): void {
    send(this.#port(port, "notify"));
  }

  came(port: Port): void {
    this.#came.add(port.number);
    this.#wake?.();
  }

  pending(): readonly number[] {
    this.process.checkAlive("wait");
    const ports = [...this.#came];
    this.#came.clear();
    return ports;
  }

  unmask(port: number): void {
    unmask(this.#port(port, "wait"));
  }

  whenPending(callback: () => void): () => void {
    let called = false;
    const stop = () => {
      called = true;
      if (this.#wake === wake) this.#wake = undefined;
    };
    const wake = () => {
      this.#wake = undefined;
      queueMicrotask(() => {
        if (called) return;
        // What came was forgotten meanwhile, as its port was unbound: there is nothing to say yet.
        if (this.#came.size === 0 && this.process.domain.files.has(this)) {
          this.#wake = wake;
          return;
        }
        called = true;
        callback();
      });
    };
    this.#wake = wake;
    if (this.#came.size > 0 || !this.process.alive) wake();
    return stop;
  }

  unbind(number: number): void {
    // What ended with its process or domain has nothing left to unbind.
    if (!this.process.alive) return;
    const port = this.#port(number, "unbind");
    this.#ports.delete(number);
    this.#came.delete(number);
    port.file = undefined;
    this.process.domain.eventChannels.release(port);
  }

  close(): void {
    this.die();
  }

  /** Closes the file, and tells whoever still waits: `pending` says then why. */
  die(): void {
    const { domain } = this.process;
    domain.files.delete(this);
    for (const port of this.#ports.values()) {
      port.file = undefined;
      // A domain that was destroyed has no ports any more.
      if (!domain.destroyed) domain.eventChannels.release(port);
    }
    this.#ports.clear();
    this.#came.clear();
    this.#wake?.();
  }
}
