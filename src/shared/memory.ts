import { type MappedMemory, PAGE_SIZE } from "../contract/backend.ts";

/**
 * The bytes that a backend mapped, looked at once: throws, and ends the mapping, unless they have the size that was asked for.
 *
 * @param pages The number of pages that were to be mapped.
 */
export function checkedBytes(memory: MappedMemory, pages: number): Uint8Array<ArrayBuffer> {
  let length: number | undefined;
  try {
    const bytes = memory?.bytes;
    if (bytes instanceof Uint8Array) ({ length } = bytes);
    if (length === pages * PAGE_SIZE) return bytes;
  } catch (error) {
    endUseless(memory);
    throw error;
  }
  endUseless(memory);
  throw new TypeError(`it mapped ${length} bytes instead of ${pages * PAGE_SIZE}`);
}

/** Ends a mapping that is of no use; what that throws is less than what is wrong with it. */
export function endUseless(memory: MappedMemory): void {
  try {
    memory.unmap();
  } catch {
    // There may not even be a method.
  }
}

/** What was mapped in several pieces, which end together. */
export class Pieces {
  readonly #pieces: MappedMemory[] = [];

  push(piece: MappedMemory): void {
    this.#pieces.push(piece);
  }

  /** Unmaps every piece, and then throws what the first one to fail threw. */
  unmap(): void {
    const failures: unknown[] = [];
    for (const piece of this.#pieces) {
      try {
        piece.unmap();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
