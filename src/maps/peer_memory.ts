import { PAGE_SIZE, type PeerMemory } from "../contract/backend.ts";
import { MemoryParts } from "../shared/mapping.ts";
import { checkedBytes, endUseless } from "../shared/memory.ts";

/**
 * The bytes that a backend mapped of other domains, in one piece or in several, looked at once: throws, and ends the mapping,
 * unless they have the size that was asked for, in whole pages.
 *
 * @param pages The number of pages that were to be mapped.
 */
export function checkedPeerBytes(memory: PeerMemory, pages: number): Uint8Array<ArrayBuffer> | MemoryParts {
  let parts: readonly Uint8Array<ArrayBuffer>[] | undefined;
  try {
    parts = memory?.parts;
    if (parts !== undefined) return checkedParts(parts, pages);
  } catch (error) {
    endUseless(memory);
    throw error;
  }
  return checkedBytes(memory, pages);
}

function checkedParts(parts: readonly Uint8Array<ArrayBuffer>[], pages: number): MemoryParts {
  const { length } = parts;
  if (!(length <= pages)) throw new TypeError(`it mapped ${pages} pages in ${length} pieces`);
  // Copied by index: an array of the backend's may have an iterator of its own.
  const views: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  for (let index = 0; index < length; index++) {
    const view = parts[index]!;
    const size = view instanceof Uint8Array ? view.length : NaN;
    if (!(size > 0) || size % PAGE_SIZE !== 0) throw new TypeError(`it mapped a piece of ${size} bytes`);
    total += size;
    views.push(view);
  }
  if (total !== pages * PAGE_SIZE) throw new TypeError(`it mapped ${total} bytes instead of ${pages * PAGE_SIZE}`);
  return new MemoryParts(views);
}
