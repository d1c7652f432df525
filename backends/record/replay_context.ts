import type { EventBackend, GrantBackend, MapBackend, UnmapNotify } from "../../src/contract/backend.ts";
import { Ports } from "./port_map.ts";
import { References } from "./gref_map.ts";
import type { TraceAnswer } from "./trace.ts";
import { tracedError } from "./trace_values.ts";

/** Names what only a backend has that answers otherwise than the recorded one did. */
export const UNNAMED = -1;

const NOTHING: TraceAnswer = {};

/** Where a trace is replayed. */
export interface Backends {
  /** The granter's side. */
  readonly grants?: GrantBackend | undefined;
  /** The peer's side. */
  readonly maps?: MapBackend | undefined;
  /** Event channels: for each end in the trace. */
  readonly events: readonly EventBackend[];
  /** The granter's domain in the trace, if others are mapped in it too. */
  readonly granter?: number | undefined;
  /** What stands for a domain of the trace. */
  readonly domids: Readonly<Record<number, number>>;
  /** What stands for a port of a domain that is not in the trace. */
  readonly remotePorts: Readonly<Record<number, number>>;
  /** Sends an event to a port, as one came there that is not of the trace. */
  readonly send?: ((port: number) => void) | undefined;
}

/** What stands for what the trace names, and how a backend's answer is taken. */
export class Scene {
  readonly backends: Backends;
  readonly references = new References();
  readonly ports: Ports;

  constructor(backends: Backends) {
    this.backends = backends;
    this.ports = new Ports(backends.remotePorts);
  }

  /** What stands for a domain. */
  domid(recorded: number): number {
    return this.backends.domids[recorded] ?? recorded;
  }

  /** What stands for a reference by which the peer names a page of a domain. */
  peersGref(domid: number, gref: number): number {
    const { granter = domid } = this.backends;
    return domid === granter ? this.references.replayed(gref) : gref;
  }

  /** What stands for an unmap notify of a side. */
  notify(side: "grants" | "maps", { clearByte, eventPort }: UnmapNotify): UnmapNotify {
    return {
      ...(clearByte === undefined ? {} : { clearByte }),
      ...(eventPort === undefined ? {} : { eventPort: this.ports.notified(eventPort, side) }),
    };
  }

  /** Makes a call: what it answers or throws. */
  answer(backend: { name: string }, run: () => TraceAnswer | void): TraceAnswer {
    try {
      return run() ?? NOTHING;
    } catch (error) {
      return { error: tracedError(error, backend.name) };
    }
  }
}
