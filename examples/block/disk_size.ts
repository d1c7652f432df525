import type { DeviceNodes } from "../../src/pv/mod.ts";
import { type Properties, readProperties } from "./features.ts";
import { SECTOR } from "./protocol.ts";

/** The size of a disk, which its backend may change. */
export class DiskSize {
  #bytes: number;
  readonly #onChange = new Set<(bytes: number) => void>();

  constructor({ sectors }: Properties) {
    this.#bytes = sectors * SECTOR;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Calls back with the new size whenever it has changed. Returns a function that stops that. */
  onChange(callback: (bytes: number) => void): () => void {
    this.#onChange.add(callback);
    return () => void this.#onChange.delete(callback);
  }

  /** Reads the size again. */
  async refresh(backend: DeviceNodes): Promise<void> {
    const { sectors } = await readProperties(backend);
    const bytes = sectors * SECTOR;
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    for (const callback of this.#onChange) {
      try {
        callback(bytes);
      } catch (error) {
        // A fault of the program, not of the disk: reported as an error that nobody has caught.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
