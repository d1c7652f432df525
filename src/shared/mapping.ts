import { checkBytes, lengthOf } from "../contract/bytes.ts";
import { checkInteger } from "../contract/checks.ts";
import { GrantError } from "../contract/errors.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { MappedMemory } from "../contract/memory.ts";
import { showAs } from "./inspection.ts";
import { type MemoryBytes, MemoryParts } from "./memory.ts";

/**
 * Pages mapped into this process. Only a mapping made with `writable: true` has `bytes`: see
 * {@linkcode WritableMapping}.
 *
 * A read-only mapping can only be copied from. JavaScript has no read-only views, and a write to memory that the kernel
 * protects would end the process.
 */
export interface Mapping extends Disposable {
  /** The number of pages. */
  readonly count: number;
  /** Whether this process may write to the pages. */
  readonly writable: boolean;
  /** Whether the mapping has ended. */
  readonly unmapped: boolean;
  /**
   * Copies bytes out of the mapping.
   *
   * @param offset The first byte, counted from the start of the mapping. Default is 0.
   * @param length The number of bytes. Default is all from `offset` on.
   * @returns A copy of the bytes as they are now.
   * @throws {RangeError} if the bytes are not all inside the mapping.
   * @throws {GrantError} `closed` if the mapping has ended.
   */
  read(offset?: number, length?: number): Uint8Array<ArrayBuffer>;
  /**
   * Copies bytes out of the mapping into an array, until the array is full.
   *
   * @param target Receives the bytes.
   * @param offset The first byte, counted from the start of the mapping. Default is 0.
   * @throws {RangeError} if the bytes are not all inside the mapping.
   * @throws {GrantError} `closed` if the mapping has ended.
   */
  readInto(target: Uint8Array, offset?: number): void;
  /**
   * Ends the mapping. Afterwards, `bytes` is empty, and views that you kept never reach unmapped memory: on a device
   * they have length 0; on the mock they have length 0 once no page of the allocation is mapped. Does nothing if the
   * mapping has ended.
   *
   * @throws {GrantError} if the system refuses, or cannot end access to a page whose last use this was. The mapping has
   * ended anyway.
   */
  unmap(): void;
  /** Ends the mapping, like {@linkcode Mapping.unmap}. */
  [Symbol.dispose](): void;
}

/** Pages mapped into this process for reading and writing. */
export interface WritableMapping extends Mapping {
  /**
   * The shared memory itself: the other side sees what is written here. Its length is 0 once the mapping has ended.
   *
   * It may be part of a larger buffer. Make other views of it with its offset and length:
   * `new Int32Array(bytes.buffer, bytes.byteOffset, 16)`.
   *
   * @throws {GrantError} `unsupported` if the memory is in several parts: use `parts`. A mapping across allocations is.
   * A mapping of a mapper never is on a device; on the mock it is, unless its pages are neighbours in one allocation,
   * in order.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The shared memory in its parts, in order; empty once the mapping has ended. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
}

/** Ends mappings. One owner serves many mappings, so that a mapping is a single object. */
export interface MappingOwner {
  /** Throws if a mapping cannot be ended at the moment. */
  checkIdle(): void;
  /** Ends a mapping of `count` pages from `page` on. Called once for each mapping. */
  unmap(memory: Pick<MappedMemory, "unmap">, page: number, count: number): void;
}

// A target may override its methods: an override must not receive the shared memory itself.
const { set } = Uint8Array.prototype;

const NOTHING = new Uint8Array(0);

/** Returns the memory of a mapping. It reads a private field, and is not a method because users can reach methods. */
export let memoryOf: (mapping: PageMapping) => Pick<MappedMemory, "ended">;

/** Pages mapped into this process, read-only or not. */
export class PageMapping implements WritableMapping {
  readonly #bytes: MemoryBytes;
  readonly #memory: Pick<MappedMemory, "unmap" | "ended">;
  readonly #owner: MappingOwner;
  readonly #page: number;
  readonly #count: number;
  readonly #writable: boolean;
  #unmapped = false;

  /**
   * @param bytes The bytes of whole pages.
   * @param memory What `owner` unmaps.
   * @param owner Ends the mapping.
   * @param page The first page, as the owner counts.
   * @param count The number of pages.
   * @param writable Whether the memory may be handed out.
   */
  constructor(
    bytes: MemoryBytes,
    memory: Pick<MappedMemory, "unmap" | "ended">,
    owner: MappingOwner,
    page: number,
    count: number,
    writable: boolean,
  ) {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#owner = owner;
    this.#page = page;
    this.#count = count;
    this.#writable = writable;
  }

  get count(): number {
    return this.#count;
  }

  get writable(): boolean {
    return this.#writable;
  }

  get unmapped(): boolean {
    return this.#unmapped;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    if (!this.#writable || bytes instanceof MemoryParts) return this.#withoutBytes();
    return this.#unmapped ? NOTHING : bytes;
  }

  /** Separate from the common case, so that engines inline that. */
  #withoutBytes(): Uint8Array<ArrayBuffer> {
    this.#checkWritable();
    if (this.#unmapped) return NOTHING;
    const { length } = this.parts;
    throw new GrantError(
      `Cannot return ${this.#count} pages as one array: they are in ${length} parts of memory. Use \`parts\`.`,
      { code: "unsupported", operation: "map" },
    );
  }

  get parts(): readonly Uint8Array<ArrayBuffer>[] {
    this.#checkWritable();
    if (this.#unmapped) return [];
    const bytes = this.#bytes;
    return bytes instanceof MemoryParts ? [...bytes.views] : [bytes];
  }

  #checkWritable(): void {
    if (this.#writable) return;
    throw new GrantError(
      "Cannot return the bytes of a read-only mapping: a write to them would end the process. Copy them with " +
        "`read()`, or map the pages with `writable: true`.",
      { code: "unsupported", operation: "map" },
    );
  }

  read(offset: number = 0, length?: number): Uint8Array<ArrayBuffer> {
    const size = this.#count * PAGE_SIZE;
    checkInteger("read", "`offset`", offset, 0, size);
    if (length !== undefined) checkInteger("read", "`length`", length, 0, size - offset);
    const copy = new Uint8Array(length ?? size - offset);
    this.#copy(copy, copy.length, offset);
    return copy;
  }

  readInto(target: Uint8Array, offset: number = 0): void {
    checkBytes("read", "`target`", target);
    const size = this.#count * PAGE_SIZE;
    const length = lengthOf.call(target);
    checkInteger("read", "`offset`", offset, 0, size);
    checkInteger("read", "the length of `target`", length, 0, size - offset);
    this.#copy(target, length, offset);
  }

  #copy(target: Uint8Array, length: number, offset: number): void {
    if (this.#unmapped) throw closed("the mapping has ended");
    const bytes = this.#bytes;
    if (!(bytes instanceof MemoryParts)) return copyPart(bytes, this.#count * PAGE_SIZE, offset, length, target, 0);
    let done = 0;
    let start = offset;
    for (let index = 0; index < bytes.lengths.length; index++) {
      const size = bytes.lengths[index]!;
      const part = Math.min(size - start, length - done);
      if (part > 0) {
        copyPart(bytes.views[index]!, size, start, part, target, done);
        done += part;
      }
      start = Math.max(0, start - size);
    }
  }

  unmap(): void {
    if (this.#unmapped) return;
    this.#owner.checkIdle();
    this.#unmapped = true;
    this.#owner.unmap(this.#memory, this.#page, this.#count);
  }

  [Symbol.dispose](): void {
    this.unmap();
  }

  static {
    memoryOf = (mapping) => mapping.#memory;
    showAs(PageMapping, "Mapping", (mapping) => ({
      count: mapping.#count,
      writable: mapping.#writable,
      unmapped: mapping.#unmapped,
    }));
  }
}

/** Copies `length` bytes of a part, which had `size` bytes when it was mapped. */
function copyPart(
  part: Uint8Array<ArrayBuffer>,
  size: number,
  start: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  if (length === 0) return;
  if (lengthOf.call(part) !== size) throw closed("its buffer was transferred");
  set.call(target, new Uint8Array(part.buffer, part.byteOffset + start, length), at);
}

function closed(reason: string): GrantError {
  return new GrantError(`Cannot read: ${reason}. Map the pages again.`, { code: "closed", operation: "map" });
}
