import type { CopySegment, GrantPlace, MapBackend, MapFile, PeerMemory } from "../../src/contract/backend.ts";
import type { Scene } from "./replay_context.ts";
import type { CopyCall, MapsMapCall, TraceAnswer, TracedPlace } from "./trace.ts";

/** An open file of the peer's, in a replay. */
export class ReplayedMaps {
  readonly side = "maps";
  readonly backend: MapBackend;
  readonly granted = 0;
  readonly #file: MapFile;
  readonly #scene: Scene;

  constructor(scene: Scene, backend: MapBackend, file: MapFile) {
    this.#scene = scene;
    this.backend = backend;
    this.#file = file;
  }

  map({ domid, grefs: recorded, writable }: MapsMapCall): () => PeerMemory {
    const granter = (index: number) => typeof domid === "number" ? domid : domid[index]!;
    const grefs = recorded.map((gref, index) => this.#scene.peersGref(granter(index), gref));
    const domids = typeof domid === "number" ? this.#scene.domid(domid) : domid.map((one) => this.#scene.domid(one));
    return () => this.#file.map(domids, grefs, writable);
  }

  copy({ segments }: CopyCall): TraceAnswer {
    // What the program had in its memory is not in a trace: zeros stand for it.
    const here = (place: TracedPlace | undefined, length: number): GrantPlace | Uint8Array<ArrayBuffer> =>
      place
        ? {
          domid: this.#scene.domid(place.domid),
          gref: this.#scene.peersGref(place.domid, place.gref),
          offset: place.offset,
        }
        : new Uint8Array(length);
    const copied = segments.map(({ from, to, length }): CopySegment => ({
      from: here(from, length),
      to: here(to, length),
      length,
    }));
    return this.#scene.answer(this.backend, () => ({ statuses: this.#file.copy(copied) ?? null }));
  }

  close(): void {
    this.#file.close();
  }
}
