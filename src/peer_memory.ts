import { type MappedMemory, PAGE_SIZE, type PeerMemory, type UnmapNotify } from "../backends/backend.ts";

/** What a backend mapped of other domains, looked at once. */
export interface CheckedPeerMemory {
  /** The memory, in one piece or several. */
  readonly pieces: readonly Pick<MappedMemory, "bytes">[];
  unmap(): void;
  setUnmapNotify(notify: UnmapNotify): void;
}

/**
 * What a backend mapped, looked at once: throws, and ends the mapping, unless it has the size that was asked for, in whole
 * pages.
 *
 * @param pages The number of pages that were to be mapped.
 */
export function checkPeerMemory(memory: PeerMemory, pages: number): CheckedPeerMemory {
  try {
    return {
      pieces: pieces(memory, pages),
      unmap: () => memory.unmap(),
      setUnmapNotify: (notify) => memory.setUnmapNotify(notify),
    };
  } catch (error) {
    try {
      memory.unmap();
    } catch {
      // There may not even be a method. What is wrong with the memory matters more.
    }
    throw error;
  }
}

function pieces(memory: PeerMemory, pages: number): Pick<MappedMemory, "bytes">[] {
  const { parts } = memory;
  // Copied by index: an array of the backend's may have an iterator of its own.
  const found: unknown[] = [];
  if (parts === undefined) found.push(memory.bytes);
  else {
    const { length } = parts;
    if (!(length <= pages)) throw new TypeError(`it mapped ${pages} pages in ${length} pieces`);
    for (let index = 0; index < length; index++) found.push(parts[index]);
  }
  let total = 0;
  for (const bytes of found) {
    const length = bytes instanceof Uint8Array ? bytes.length : NaN;
    if (!(length > 0) || length % PAGE_SIZE !== 0) throw new TypeError(`it mapped a piece of ${length} bytes`);
    total += length;
  }
  if (total !== pages * PAGE_SIZE) throw new TypeError(`it mapped ${total} bytes instead of ${pages * PAGE_SIZE}`);
  return found.map((bytes) => ({ bytes: bytes as Uint8Array<ArrayBuffer> }));
}
