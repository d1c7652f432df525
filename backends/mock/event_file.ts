import type { EventFile } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import { crash } from "./crash.ts";
import { beginWait, endWait } from "./keep_alive.ts";
import type { KernelFile, ProcessState } from "./kernel.ts";
import { listen, type Port, type PortFile, unmask } from "./port_table.ts";

/** Ports that the ring of a file has room for at first. */
const RING_SIZE = 64;

/** The caller of `whenPending`. */
interface Waiting {
  readonly callback: () => void;
  /** Whether a turn of the event loop is due in which it is called back. */
  due: boolean;
}

/** An open file through which a process binds ports. Its waiter is called back in a turn of the event loop of its own. */
export class MockEventFile implements EventFile, PortFile, KernelFile {
  readonly process: ProcessState;
  readonly #ports = new Map<number, Port>();
  /** How many ports it has, with those that it has forgotten: their events still take room in the ring. */
  #counted = 0;
  /** Ports on which events have arrived, in this order: twice, if a port was unmasked before its event was taken. */
  #ring: number[] = [];
  /** How many events the ring has room for. Like the driver's, it is doubled if more ports are bound. */
  #ringSize = RING_SIZE;
  /** Whether an event did not fit. */
  #overflowed = false;
  #waiting: Waiting | undefined;

  constructor(process: ProcessState) {
    this.process = process;
    process.domain.files.add(this);
  }

  bindUnbound(domid: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.ports.bindUnbound(domid));
  }

  bindInterdomain(domid: number, remotePort: number): number {
    this.process.checkAlive("bind");
    const { ports, machine } = this.process.domain;
    return this.#add(ports.bindInterdomain(domid, machine.find(domid)?.ports, remotePort));
  }

  bindVirq(virq: number): number {
    this.process.checkAlive("bind");
    return this.#add(this.process.domain.ports.bindVirq(virq));
  }

  #add(port: Port): number {
    const { number } = port;
    if (this.#ports.has(number)) {
      this.process.domain.ports.release(port);
      throw this.#forgetAll(number);
    }
    this.#counted++;
    if (this.#counted > this.#ringSize) this.#ringSize *= 2;
    this.#ports.set(number, port);
    listen(port, this);
    return number;
  }

  /**
   * Forgets all ports, as Linux's driver does if Xen hands out a number that the file has. Nothing unbinds them any
   * more; the events of those that are not void still arrive.
   */
  #forgetAll(number: number): GrantError {
    this.#ports.clear();
    return new GrantError(
      `Cannot bind an event channel: these have a port ${number} from before the domain, ` +
        `${this.process.domain.domid} now, was restored, and Linux's driver has forgotten all their ports. ` +
        "Bind in new `EventChannels`.",
      { code: "port-refused", operation: "bind", errno: Errno.EEXIST },
    );
  }

  get voidPorts(): readonly Port[] {
    return [...this.#ports.values()].filter(isVoid);
  }

  /** Linux looks for the interrupt of a void port, and stops with a BUG, because there is none. */
  #crash(operation: "unbind" | "close", { number }: Port): never {
    throw crash(
      operation,
      `port ${number} was bound`,
      this.process.domain.domid,
      "Close event channels before the domain is saved. After it was restored, leave them open, and bind in new ones.",
    );
  }

  #port(number: number, operation: "notify" | "unbind"): Port {
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
    this.process.domain.ports.send(this.#port(port, "notify"));
  }

  onEvent(port: Port): void {
    // The port stays masked even if its event is lost.
    if (this.#ring.length < this.#ringSize) this.#ring.push(port.number);
    else this.#overflowed = true;
    this.#callBackLater();
  }

  pending(): readonly number[] {
    this.process.checkAlive("wait");
    if (this.#overflowed) throw eventsLost(this.#ringSize);
    const ports = this.#ring;
    this.#ring = [];
    return ports;
  }

  unmask(number: number): void {
    // A dead program waits for ever, and one that names a forgotten port is not told.
    const port = this.process.alive ? this.#ports.get(number) : undefined;
    if (port) unmask(port);
  }

  whenPending(callback: () => void): () => void {
    // None of the code of a dead program runs.
    if (!this.process.alive) return () => {};
    const waiting: Waiting = { callback, due: false };
    this.#stop(this.#waiting);
    this.#waiting = waiting;
    beginWait();
    if (this.#hasNews) this.#callBackLater();
    return () => this.#stop(waiting);
  }

  /** Whether `pending()` returns ports or throws. */
  get #hasNews(): boolean {
    return this.#ring.length > 0 || this.#overflowed;
  }

  /** Ends a wait, unless it has ended. */
  #stop(waiting: Waiting | undefined): void {
    if (waiting === undefined || this.#waiting !== waiting) return;
    this.#waiting = undefined;
    endWait();
  }

  #callBackLater(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || waiting.due) return;
    waiting.due = true;
    nextTurn(() => {
      waiting.due = false;
      if (this.#waiting !== waiting) return;
      // If the port of the event has been unbound since, there is nothing to take: keep waiting.
      if (!this.#hasNews && this.process.domain.files.has(this)) return;
      this.#stop(waiting);
      waiting.callback();
    });
  }

  reset(): void {
    this.process.checkAlive("reset");
    this.#ring = [];
    this.#overflowed = false;
  }

  unbind(number: number): void {
    // The kernel has unbound all ports of a process that is dead.
    if (!this.process.alive) return;
    const port = this.#port(number, "unbind");
    if (isVoid(port)) this.#crash("unbind", port);
    this.#ports.delete(number);
    this.#counted--;
    if (this.#ring.includes(number)) this.#ring = this.#ring.filter((arrived) => arrived !== number);
    port.file = undefined;
    this.process.domain.ports.release(port);
  }

  close(): void {
    const [port] = this.process.alive ? this.voidPorts : [];
    if (port) this.#crash("close", port);
    this.closeByKernel();
  }

  /**
   * Closes the file. A waiter is called back, and then learns why from `pending`, unless its program is dead. A file
   * with void ports stays, because the kernel crashes at the first of them.
   */
  closeByKernel(): void {
    const { domain, alive } = this.process;
    if (!domain.destroyed && this.voidPorts.length > 0) return this.#stop(this.#waiting);
    domain.files.delete(this);
    for (const port of this.#ports.values()) {
      port.file = undefined;
      // The ports of a destroyed domain are closed already.
      if (!domain.destroyed) domain.ports.release(port);
    }
    this.#ports.clear();
    if (alive) this.#callBackLater();
    else this.#stop(this.#waiting);
  }
}

function eventsLost(ringSize: number): GrantError {
  return new GrantError(
    `Cannot take events: the ring of this file has room for ${ringSize} events, and others were dropped. ` +
      "Call `reset()` of the EventChannels, and look at all shared memory, as if an event had arrived on each port.",
    { code: "events-lost", operation: "wait", errno: Errno.EFBIG },
  );
}

/** Whether a port of a file is void. */
function isVoid(port: Port): boolean {
  return port.file === undefined;
}
