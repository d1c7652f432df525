import type { CopySegment, MapBackend, MapFile, PeerMemory, UnmapNotify } from "../../src/contract/backend.ts";
import { copyOthers, refusedSegments } from "./copy.ts";
import type { Injector } from "./injector.ts";
import { FileBelow } from "./inner_file.ts";
import { placesOf } from "./refusal.ts";

const side = "maps";
const NO_GREFS: readonly number[] = [];

/** A peer's backend with faults. */
export class FaultyMapBackend implements MapBackend {
  readonly name: string;
  readonly #backend: MapBackend;
  readonly #injector: Injector;

  constructor(backend: MapBackend, injector: Injector) {
    this.name = backend.name;
    this.#backend = backend;
    this.#injector = injector;
  }

  open(): MapFile {
    const file = this.#injector.call({ side, kind: "open", grefs: NO_GREFS }, {
      act: () => this.#backend.open(),
      undo: (file) => file.close(),
    });
    return new FaultyMapFile(file, this.#injector);
  }
}

class FaultyMapFile implements MapFile {
  readonly #file: MapFile;
  readonly #injector: Injector;
  readonly #below: FileBelow;

  constructor(file: MapFile, injector: Injector) {
    this.#file = file;
    this.#injector = injector;
    this.#below = new FileBelow(injector, side, file);
  }

  map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMemory {
    const domids = new Set(typeof domid === "number" ? [domid] : domid);
    const [only] = domids;
    const pages = {
      ...(domids.size === 1 ? { domid: only! } : {}),
      count: grefs.length,
      grefs: [...grefs],
    };
    let memory!: PeerMemory;
    const below = this.#below.map(pages, () => memory = this.#file.map(domid, grefs, writable));
    // A backend that gives nothing is the library's to refuse.
    if (!below) return memory;
    const injector = this.#injector;
    let current: UnmapNotify = {};
    return {
      get bytes() {
        return below.bytes;
      },
      get parts() {
        // Absent and undefined are the same to the library.
        return memory.parts!;
      },
      unmap: () => below.unmap(),
      setUnmapNotify(notify) {
        injector.call({ ...pages, side, kind: "notify" }, {
          act: () => memory.setUnmapNotify(notify),
          undo: () => memory.setUnmapNotify(current),
        });
        current = notify;
      },
    };
  }

  copy(segments: readonly CopySegment[]): readonly number[] {
    const grefs = segments.flatMap((segment) => placesOf(segment).map(({ gref }) => gref));
    return this.#injector.call({ side, kind: "copy", count: segments.length, grefs }, {
      act: (most = segments.length) => this.#copy(segments, most),
    });
  }

  #copy(segments: readonly CopySegment[], most: number): readonly number[] {
    const first = segments.slice(0, most);
    const refused = refusedSegments(first, this.#injector.refusals);
    // Untouched, even if it is nonsense: that is the caller's to refuse.
    if (refused.size === 0) return this.#file.copy(most < segments.length ? first : segments);
    this.#injector.count("copy", side).injected++;
    return copyOthers(this.#file, first, refused);
  }

  close(): void {
    this.#below.close();
  }
}
