import { isBytes, lengthOf } from "../contract/bytes.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { MappedMemory } from "../contract/memory.ts";

/** Memory in several parts, with the length of each: a part's buffer may be moved away later. */
export class MemoryParts {
  readonly views: readonly Uint8Array<ArrayBuffer>[];
  readonly lengths: readonly number[];

  constructor(views: readonly Uint8Array<ArrayBuffer>[]) {
    this.views = views;
    this.lengths = views.map((view) => lengthOf.call(view));
  }
}

/** The bytes of a mapping: in one part, or in several. */
export type MemoryBytes = Uint8Array<ArrayBuffer> | MemoryParts;

/**
 * The bytes that a backend has mapped, read once. If they do not have the requested size, this ends the mapping and
 * throws.
 *
 * @param pages The number of pages that were to be mapped.
 */
export function checkedBytes(memory: MappedMemory, pages: number): Uint8Array<ArrayBuffer> {
  let length: number | undefined;
  try {
    const bytes = memory?.bytes;
    // A view may override its length.
    if (isBytes(bytes)) length = lengthOf.call(bytes);
    if (length === pages * PAGE_SIZE) return bytes;
  } catch (error) {
    discard(memory);
    throw error;
  }
  discard(memory);
  throw new TypeError(`it mapped ${length} bytes instead of ${pages * PAGE_SIZE}`);
}

/**
 * Ends a mapping that cannot be used. An error from `unmap` is dropped: what is wrong with the mapping matters more.
 */
export function discard(memory: Pick<MappedMemory, "unmap">): void {
  try {
    memory.unmap();
  } catch {
    // There may not even be such a method.
  }
}

/** Several mappings that end together. */
export class MappedParts {
  readonly #parts: MappedMemory[] = [];

  push(part: MappedMemory): void {
    this.#parts.push(part);
  }

  /** Unmaps every part, and then throws the first error, if there was one. */
  unmap(): void {
    const failures: unknown[] = [];
    for (const part of this.#parts) {
      try {
        part.unmap();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
