import type { MappedMemory } from "../../src/contract/backend.ts";
import type { Asked } from "./call.ts";
import type { Injector } from "./injector.ts";

/** A file of the backend below, as far as all sides have the same. */
export class FileBelow {
  readonly #injector: Injector;
  readonly #side: Asked["side"];
  readonly #file: { close(): void };
  /** Mappings and ports that are gone for the caller, and were never ended. */
  #left = 0;

  constructor(injector: Injector, side: Asked["side"], file: { close(): void }) {
    this.#injector = injector;
    this.#side = side;
    this.#file = file;
  }

  /** Maps pages, and gives memory whose `unmap` may fail. */
  map(pages: Omit<Asked, "kind" | "side">, map: () => MappedMemory): MappedMemory {
    const injector = this.#injector;
    const side = this.#side;
    const memory = injector.call({ ...pages, side, kind: "map" }, { act: map, undo: (memory) => memory.unmap() });
    // A backend that gives nothing is the library's to refuse.
    if (!memory) return memory;
    return {
      get bytes() {
        return memory.bytes;
      },
      unmap: () => {
        injector.call({ ...pages, side, kind: "unmap" }, {
          act: () => memory.unmap(),
          skipped: () => this.leave(() => memory.unmap()),
        });
      },
    };
  }

  /** Remembers how something ends that is gone for the caller, and was never ended. */
  leave(end: () => void): void {
    this.#left++;
    this.#injector.left.add(() => {
      this.#left--;
      end();
    });
  }

  /** Closes the file; later, where anything of it is left. */
  close(): void {
    const leave = () => void this.#injector.left.add(() => this.#file.close());
    this.#injector.call({ side: this.#side, kind: "close", grefs: [] }, {
      act: () => this.#left > 0 ? leave() : this.#file.close(),
      skipped: leave,
    });
  }
}
