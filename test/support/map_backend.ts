import type { MapBackend, MapFile, PeerMemory } from "../../src/contract/backend.ts";

/** A peer's backend for tests: its files have some methods, and the others do nothing. */
export function mapBackend(file: Partial<MapFile>, name = "broken"): MapBackend {
  const map = () => {
    throw new Error("nothing is mapped here");
  };
  return { name, open: () => ({ map, copy: () => [], close() {}, ...file }) };
}

/** A page that is mapped, or what a test says instead. */
export function peerMemory(memory: Partial<PeerMemory> = {}): PeerMemory {
  return { bytes: new Uint8Array(4096), unmap() {}, setUnmapNotify() {}, ...memory };
}

/** What a backend gives that gives no memory. */
export const NO_MEMORY = undefined as unknown as PeerMemory;
