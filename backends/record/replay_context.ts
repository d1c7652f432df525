import type { UnmapNotify, XenDomain } from "../../src/contract/backend.ts";
import { GrefMap } from "./gref_map.ts";
import { PortMap } from "./port_map.ts";
import type { TraceAnswer } from "./trace.ts";
import { tracedError } from "./trace_values.ts";

/** Stands for a number that the recording does not have, because the recorded backend answered differently. */
export const UNNAMED = -1;

const NOTHING: TraceAnswer = {};

/** Where a trace is replayed. */
export interface ReplayTarget {
  /** What stands for each domain of the trace. */
  readonly domains: readonly Partial<XenDomain>[];
  /** The number of the granter's domain in the trace, if pages of others are mapped in it too. */
  readonly granter: number | undefined;
  /** What stands for the number of a domain in the trace. */
  readonly domids: ReadonlyMap<number, number>;
  /** What stands for a port of a domain that is not in the trace. */
  readonly remotePorts: ReadonlyMap<number, number>;
  /** Sends an event to a port that got one in the recording from outside of the trace. */
  readonly send: ((port: number) => void) | undefined;
}

/** Translates the names in a trace, and turns what a backend does into an answer. */
export class ReplayContext {
  readonly target: ReplayTarget;
  readonly grefs = new GrefMap();
  readonly ports: PortMap;

  constructor(target: ReplayTarget) {
    this.target = target;
    this.ports = new PortMap(target.remotePorts);
  }

  /** What stands for the number of a domain. */
  domid(recorded: number): number {
    return this.target.domids.get(recorded) ?? recorded;
  }

  /** What stands for the reference by which the peer names a page of a domain. */
  peersGref(domid: number, gref: number): number {
    const { granter = domid } = this.target;
    return domid === granter ? this.grefs.replayed(gref) : gref;
  }

  /**
   * What stands for an unmap notify.
   *
   * @param domain The index of the domain that sets it.
   */
  notify(domain: number, { clearByte, eventPort }: UnmapNotify): UnmapNotify {
    return {
      ...(clearByte === undefined ? {} : { clearByte }),
      ...(eventPort === undefined ? {} : { eventPort: this.ports.notified(eventPort, domain) }),
    };
  }

  /** Makes a call, and returns what it answers or throws. */
  answer(backend: { name: string }, run: () => TraceAnswer | void): TraceAnswer {
    try {
      return run() ?? NOTHING;
    } catch (error) {
      return { error: tracedError(error, backend.name) };
    }
  }
}
