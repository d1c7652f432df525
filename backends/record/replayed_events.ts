import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import type { FilePorts } from "./port_map.ts";
import type { ReplayContext } from "./replay_context.ts";
import { type TraceAnswer, TraceError } from "./trace.ts";
import type { BindCall, PendingCall, PortCall, ResetCall, WaitCall } from "./trace_calls.ts";

/** Whether an answer can be a port. */
export const isPort = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isPorts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isPort);

/** An open file of event channels, in a replay. */
export class ReplayedEvents {
  readonly part = "events";
  readonly backend: EventBackend;
  readonly domain: number;
  readonly granted = 0;
  readonly #file: EventFile;
  readonly #context: ReplayContext;
  /** Its ports: from the number in the trace to the one here. */
  readonly #ports: FilePorts;
  /** Ports, as the trace numbers them, on which an event has arrived here that the trace has not named yet. */
  readonly #early = new Set<number>();

  constructor(context: ReplayContext, domain: number, backend: EventBackend) {
    this.#context = context;
    this.domain = domain;
    this.backend = backend;
    this.#file = backend.open();
    this.#ports = context.ports.open(domain);
  }

  /** The number of bound ports. */
  get bound(): number {
    return this.#ports.size;
  }

  call(call: BindCall | PortCall | PendingCall | WaitCall | ResetCall): TraceAnswer {
    switch (call.call) {
      case "bindUnbound":
      case "bindInterdomain":
      case "bindVirq":
        return this.#bind(call);
      case "pending":
        return this.#pending(call);
      case "wait":
        return this.#context.answer(this.backend, () => {
          // A replay does not wait: the lines of `pending` say which events have arrived.
          const stop: unknown = this.#file.whenPending(() => {});
          if (typeof stop === "function") stop();
        });
      case "reset":
        this.#early.clear();
        return this.#context.answer(this.backend, () => this.#file.reset());
      default:
        return this.#act(call);
    }
  }

  #bind({ call, domid, remotePort, virq, port: recorded }: BindCall): TraceAnswer {
    const context = this.#context;
    return context.answer(this.backend, () => {
      const port: unknown = call === "bindVirq"
        ? this.#file.bindVirq(virq!)
        : call === "bindUnbound"
        ? this.#file.bindUnbound(context.domid(domid!))
        : this.#file.bindInterdomain(context.domid(domid!), context.ports.remote(remotePort!, this.domain));
      if (!isPort(port)) return { port: port ?? null };
      if (isPort(recorded)) this.#ports.set(recorded, port);
      return { bound: true };
    });
  }

  #act({ line, call, port: recorded }: PortCall): TraceAnswer {
    const port = this.#ports.get(recorded);
    if (port === undefined) {
      throw new TraceError(line, `\`port\` must be one that is bound in its file: current value is ${recorded}`);
    }
    if (call === "unbind") {
      this.#ports.delete(recorded);
      this.#early.delete(recorded);
    }
    return this.#context.answer(this.backend, () => this.#file[call](port));
  }

  #pending({ ports: recorded }: PendingCall): TraceAnswer {
    const strangers: number[] = [];
    const { error, ports } = this.#take(strangers);
    if (error || !isPorts(ports) || !isPorts(recorded)) return error ? { error } : { ports };
    const { send } = this.#context.target;
    const missing = send ? recorded.filter((port) => !this.#early.has(port) && this.#ports.has(port)) : [];
    if (missing.length > 0) {
      for (const port of missing) send!(this.#ports.get(port)!);
      const again = this.#take(strangers);
      if (again.error || !isPorts(again.ports)) return again;
    }
    // An event may arrive at any time, and there may be more: only those that the trace names must have arrived by now.
    const came = recorded.filter((port) => this.#early.has(port));
    for (const port of came) this.#early.delete(port);
    return { ports: [...came, ...strangers] };
  }

  /** Asks which events have arrived, and notes them. Ports that are not bound are added to `strangers`. */
  #take(strangers: number[]): TraceAnswer {
    return this.#context.answer(this.backend, () => {
      const ports: unknown = this.#file.pending() ?? null;
      if (!isPorts(ports)) return { ports };
      const names = new Map([...this.#ports].map(([recorded, replayed]) => [replayed, recorded]));
      for (const port of ports) {
        const name = names.get(port);
        if (name === undefined) strangers.push(port);
        else this.#early.add(name);
      }
      return { ports: ports.map((port) => names.get(port) ?? port) };
    });
  }

  close(): void {
    this.#ports.clear();
    this.#file.close();
  }
}
