import type { EventFile } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import type { KernelFile, ProcessState } from "./kernel.ts";
import { type Port, type PortFile, send, unmask } from "./port_table.ts";

/** An open file through which a process binds ports. Its waiter is called back in a microtask. */
export class MockEventFile implements EventFile, PortFile, KernelFile {
  readonly process: ProcessState;
  readonly #ports = new Map<number, Port>();
  /** Ports on which events have arrived, in this order. */
  readonly #arrived = new Set<number>();
  #wake: (() => void) | undefined;

  constructor(process: ProcessState) {
    this.process = process;
    process.domain.files.add(this);
  }

  bindUnbound(domid: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.ports.bindUnbound(domid, this));
  }

  bindInterdomain(domid: number, remotePort: number): number {
    this.process.checkAlive("bind");
    const { ports, machine } = this.process.domain;
    return this.#add(ports.bindInterdomain(domid, machine.find(domid)?.ports, remotePort, this));
  }

  bindVirq(virq: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.ports.bindVirq(virq, this));
  }

  #add(port: Port): number {
    this.#ports.set(port.number, port);
    return port.number;
  }

  #port(number: number, operation: "notify" | "wait" | "unbind"): Port {
    this.process.checkAlive(operation);
    const port = this.#ports.get(number);
    if (port) return port;
    throw new GrantError(`Cannot ${operation}: port ${number} is not bound through this file.`, {
      code: "port-refused",
      operation,
      errno: Errno.ENOTCONN,
    });
  }

  notify(port: number): void {
    send(this.#port(port, "notify"));
  }

  onEvent(port: Port): void {
    this.#arrived.add(port.number);
    this.#wake?.();
  }

  pending(): readonly number[] {
    this.process.checkAlive("wait");
    const ports = [...this.#arrived];
    this.#arrived.clear();
    return ports;
  }

  unmask(port: number): void {
    unmask(this.#port(port, "wait"));
  }

  whenPending(callback: () => void): () => void {
    let done = false;
    const stop = () => {
      done = true;
      if (this.#wake === wake) this.#wake = undefined;
    };
    const wake = () => {
      this.#wake = undefined;
      queueMicrotask(() => {
        if (done) return;
        // The port of the event has been unbound since, so there is nothing to take: keep waiting.
        if (this.#arrived.size === 0 && this.process.domain.files.has(this)) {
          this.#wake = wake;
          return;
        }
        done = true;
        callback();
      });
    };
    this.#wake = wake;
    if (this.#arrived.size > 0 || !this.process.alive) wake();
    return stop;
  }

  unbind(number: number): void {
    // The kernel has unbound all ports of a process that is dead.
    if (!this.process.alive) return;
    const port = this.#port(number, "unbind");
    this.#ports.delete(number);
    this.#arrived.delete(number);
    port.file = undefined;
    this.process.domain.ports.release(port);
  }

  close(): void {
    this.closeByKernel();
  }

  /** Closes the file, and calls the waiter back, which then learns why from `pending`. */
  closeByKernel(): void {
    const { domain } = this.process;
    domain.files.delete(this);
    for (const port of this.#ports.values()) {
      port.file = undefined;
      // The ports of a destroyed domain are closed already.
      if (!domain.destroyed) domain.ports.release(port);
    }
    this.#ports.clear();
    this.#arrived.clear();
    this.#wake?.();
  }
}
