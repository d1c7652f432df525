import type { CopySegment, GrantPlace, MapBackend, MapFile, PeerMemory } from "../../src/contract/backend.ts";
import type { ReplayContext } from "./replay_context.ts";
import type { TraceAnswer } from "./trace.ts";
import type { CopyCall, MapsMapCall, TracedPlace } from "./trace_calls.ts";

/** An open file of the peer, in a replay. */
export class ReplayedMaps {
  readonly part = "maps";
  readonly backend: MapBackend;
  readonly domain: number;
  readonly granted = 0;
  readonly bound = 0;
  readonly #file: MapFile;
  readonly #context: ReplayContext;

  constructor(context: ReplayContext, domain: number, backend: MapBackend) {
    this.#context = context;
    this.domain = domain;
    this.backend = backend;
    this.#file = backend.open();
  }

  map({ domid, grefs: recorded, writable }: MapsMapCall): () => PeerMemory {
    const granter = (index: number) => typeof domid === "number" ? domid : domid[index]!;
    const grefs = recorded.map((gref, index) => this.#context.peersGref(granter(index), gref));
    const domids = typeof domid === "number"
      ? this.#context.domid(domid)
      : domid.map((one) => this.#context.domid(one));
    return () => this.#file.map(domids, grefs, writable);
  }

  copy({ segments }: CopyCall): TraceAnswer {
    // A trace has no contents of memory: zeros stand for them.
    const here = (place: TracedPlace | undefined, length: number): GrantPlace | Uint8Array<ArrayBuffer> =>
      place
        ? {
          domid: this.#context.domid(place.domid),
          gref: this.#context.peersGref(place.domid, place.gref),
          offset: place.offset,
        }
        : new Uint8Array(length);
    const copied = segments.map(({ from, to, length }): CopySegment => ({
      from: here(from, length),
      to: here(to, length),
      length,
    }));
    return this.#context.answer(this.backend, () => ({ statuses: this.#file.copy(copied) ?? null }));
  }

  close(): void {
    this.#file.close();
  }
}
