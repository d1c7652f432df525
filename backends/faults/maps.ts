import type { MapBackend, MapFile, MappedMemory } from "../backend.ts";
import type { Injector } from "./injector.ts";
import { FileBelow } from "./file_below.ts";

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
  readonly #below: FileBelow;

  constructor(file: MapFile, injector: Injector) {
    this.#file = file;
    this.#below = new FileBelow(injector, side, file);
  }

  map(domid: number, grefs: readonly number[], writable: boolean): MappedMemory {
    const pages = { domid, count: grefs.length, grefs: [...grefs] };
    return this.#below.map(pages, () => this.#file.map(domid, grefs, writable));
  }

  close(): void {
    this.#below.close();
  }
}
