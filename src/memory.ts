import { type MappedMemory, PAGE_SIZE } from "../backends/backend.ts";

/**
 * What a backend mapped, looked at once: throws, and ends the mapping, unless it has the size that was asked for.
 *
 * @param pages The number of pages that were to be mapped.
 */
export function checkMemory(memory: MappedMemory, pages: number): MappedMemory {
  let length: number | undefined;
  try {
    const bytes = memory?.bytes;
    if (bytes instanceof Uint8Array) ({ length } = bytes);
    if (length === pages * PAGE_SIZE) return { bytes, unmap: () => memory.unmap() };
  } catch (error) {
    end(memory);
    throw error;
  }
  end(memory);
  throw new TypeError(`it mapped ${length} bytes instead of ${pages * PAGE_SIZE}`);
}

/** Ends a mapping that is of no use; what that throws is less than what is wrong with it. */
function end(memory: MappedMemory): void {
  try {
    memory.unmap();
  } catch {
    // There may not even be a method.
  }
}
