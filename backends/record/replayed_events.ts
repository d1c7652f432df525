import type { EventBackend, EventFile } from "../../src/contract/backend.ts";
import type { FilePorts } from "./port_map.ts";
import type { Scene } from "./replay_context.ts";
import {
  type BindCall,
  type PendingCall,
  type PortCall,
  type TraceAnswer,
  TraceError,
  type WaitCall,
} from "./trace.ts";

/** Whether it can be a port: what else a backend says is nonsense. */
export const isPort = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isPorts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isPort);

/** An open file of event channels, in a replay. */
export class ReplayedEvents {
  readonly side = "events";
  readonly backend: EventBackend;
  readonly granted = 0;
  readonly #file: EventFile;
  readonly #end: number;
  readonly #scene: Scene;
  /** Its ports: as the trace names them, and here. */
  readonly #ports: FilePorts;
  /** Ports, as the trace names them, on which an event has come here, and that the trace has not named since. */
  readonly #early = new Set<number>();

  constructor(scene: Scene, backend: EventBackend, file: EventFile, end: number) {
    this.#scene = scene;
    this.backend = backend;
    this.#file = file;
    this.#end = end;
    this.#ports = scene.ports.open(end);
  }

  /** How many ports are bound. */
  get bound(): number {
    return this.#ports.size;
  }

  call(call: BindCall | PortCall | PendingCall | WaitCall): TraceAnswer {
    switch (call.call) {
      case "bindUnbound":
      case "bindInterdomain":
      case "bindVirq":
        return this.#bind(call);
      case "pending":
        return this.#pending(call);
      case "wait":
        return this.#scene.answer(this.backend, () => {
          // When events come is not replayed: whether they have, the lines of `pending` say.
          const stop: unknown = this.#file.whenPending(() => {});
          if (typeof stop === "function") stop();
        });
      default:
        return this.#act(call);
    }
  }

  #bind({ call, domid, remotePort, virq, port: recorded }: BindCall): TraceAnswer {
    const scene = this.#scene;
    return scene.answer(this.backend, () => {
      const port: unknown = call === "bindVirq"
        ? this.#file.bindVirq(virq!)
        : call === "bindUnbound"
        ? this.#file.bindUnbound(scene.domid(domid!))
        : this.#file.bindInterdomain(scene.domid(domid!), scene.ports.remote(remotePort!, this.#end));
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
    return this.#scene.answer(this.backend, () => this.#file[call](port));
  }

  #pending({ ports: recorded }: PendingCall): TraceAnswer {
    const strangers: number[] = [];
    const { error, ports } = this.#take(strangers);
    if (error || !isPorts(ports) || !isPorts(recorded)) return error ? { error } : { ports };
    const { send } = this.#scene.backends;
    const missing = send ? recorded.filter((port) => !this.#early.has(port) && this.#ports.has(port)) : [];
    if (missing.length > 0) {
      for (const port of missing) send!(this.#ports.get(port)!);
      const again = this.#take(strangers);
      if (again.error || !isPorts(again.ports)) return again;
    }
    // Nothing says when an event comes, or that others do not come: those that the trace names must have come.
    const came = recorded.filter((port) => this.#early.has(port));
    for (const port of came) this.#early.delete(port);
    return { ports: [...came, ...strangers] };
  }

  /** Asks which events have come, and notes it. `strangers` gets ports that are not bound. */
  #take(strangers: number[]): TraceAnswer {
    return this.#scene.answer(this.backend, () => {
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
