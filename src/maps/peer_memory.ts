import { isBytes, lengthOf } from "../contract/bytes.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { PeerMemory } from "../contract/memory.ts";
import { checkedBytes, discard, type MemoryBytes, MemoryParts } from "../shared/memory.ts";

/**
 * The bytes of other domains' pages that a backend has mapped, in one part or in several, read once. If they do not
 * have the requested size in whole pages, this ends the mapping and throws.
 *
 * @param pages The number of pages that were to be mapped.
 */
export function checkedPeerBytes(memory: PeerMemory, pages: number): MemoryBytes {
  let parts: readonly Uint8Array<ArrayBuffer>[] | undefined;
  try {
    parts = memory?.parts;
    if (parts !== undefined) return checkedParts(parts, pages);
  } catch (error) {
    discard(memory);
    throw error;
  }
  return checkedBytes(memory, pages);
}

function checkedParts(parts: readonly Uint8Array<ArrayBuffer>[], pages: number): MemoryParts {
  const { length } = parts;
  if (!(length <= pages)) throw new TypeError(`it mapped ${pages} pages in ${length} parts`);
  // By index: the backend's array may override its iterator.
  const views: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (let index = 0; index < length; index++) {
    const view = parts[index]!;
    const size = isBytes(view) ? lengthOf.call(view) : NaN;
    if (!(size > 0) || size % PAGE_SIZE !== 0) throw new TypeError(`it mapped a part of ${size} bytes`);
    total += size;
    views.push(view);
  }
  if (total !== pages * PAGE_SIZE) throw new TypeError(`it mapped ${total} bytes instead of ${pages * PAGE_SIZE}`);
  return new MemoryParts(views);
}
