import type { GrantFile } from "../contract/grant_backend.ts";
import type { MappedMemory } from "../contract/memory.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import type { MappingOwner } from "../shared/mapping.ts";
import type { FileAddress } from "../../wasm/core.ts";

/** Ends the mappings of a file. */
interface Unmapper {
  checkIdle(operation: GrantOperation): void;
  unmap(open: OpenFile, page: number, count: number, memory: Pick<MappedMemory, "unmap">): void;
}

/**
 * A file that is open in the core and in the backend. An allocator, its pages and their mappings share it. It is never
 * handed out, so nobody else can call it.
 */
export class OpenFile implements MappingOwner {
  /** Its record in the core. */
  readonly address: FileAddress;
  /** The backend's file. */
  readonly file: GrantFile;
  /**
   * Whether the backend reports when a peer has released a page, so that no earlier attempt to end access is needed.
   */
  readonly reportsRelease: boolean;
  /** Whether its allocator was closed. */
  closed = false;
  readonly #unmapper: Unmapper;

  constructor(unmapper: Unmapper, address: FileAddress, file: GrantFile) {
    this.#unmapper = unmapper;
    this.address = address;
    this.file = file;
    this.reportsRelease = typeof file.onRelease === "function";
  }

  /** Throws if its allocator was closed. */
  checkOpen(operation: GrantOperation): void {
    if (this.closed) throw closed(operation);
  }

  checkIdle(): void {
    this.#unmapper.checkIdle("unmap");
  }

  unmap(memory: Pick<MappedMemory, "unmap">, page: number, count: number): void {
    this.#unmapper.unmap(this, page, count, memory);
  }
}

function closed(operation: GrantOperation): GrantError {
  const what = operation === "notify" ? "set the unmap notify" : operation;
  const wayOut = operation === "free" ? "Its pages were freed with it" : "Open another one on the device";
  return new GrantError(`Cannot ${what}: the allocator is closed. ${wayOut}.`, { code: "closed", operation });
}
