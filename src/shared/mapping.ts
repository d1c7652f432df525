import { type MappedMemory, PAGE_SIZE } from "../contract/backend.ts";
import { lengthOf } from "../contract/bytes.ts";
import { checkInteger, show } from "../contract/checks.ts";
import { GrantError } from "../contract/errors.ts";

/**
 * Pages mapped into this process. Only what was mapped with `writable: true` has `bytes`: see {@linkcode WritableMapping}.
 *
 * What is mapped read-only can only be copied out: JavaScript has no view that cannot be written through, and a write to
 * memory that the kernel protects would end the process.
 */
export interface Mapping extends Disposable {
  /** The number of pages. */
  readonly count: number;
  /** Whether the mapping has ended. */
  readonly unmapped: boolean;
  /**
   * Copies bytes out of the mapping.
   *
   * @param offset The first byte, from 0 at the beginning of the mapping.
   * @param length The number of bytes. Default is all from `offset` on.
   * @returns The bytes, as they were: the copy does not change.
   * @throws {RangeError} if the bytes are not all inside the mapping.
   * @throws {GrantError} `closed` if the mapping has ended.
   */
  read(offset?: number, length?: number): Uint8Array<ArrayBuffer>;
  /**
   * Copies bytes out of the mapping into memory of the caller's, as many as fit there.
   *
   * @param target Where the bytes go.
   * @param offset The first byte, from 0 at the beginning of the mapping.
   * @throws {RangeError} if the bytes are not all inside the mapping.
   * @throws {GrantError} `closed` if the mapping has ended.
   */
  readInto(target: Uint8Array, offset?: number): void;
  /**
   * Ends the mapping. `bytes` is empty afterwards, and no view that was kept reaches unmapped memory: on a device all of them
   * have length 0, on the mock as soon as nobody maps any page of the allocation. Does nothing if it has ended.
   *
   * @throws {GrantError} if the system refuses, or cannot end access to a page that this was the last use of. The mapping
   * has ended all the same.
   */
  unmap(): void;
  /** Ends the mapping, like {@linkcode Mapping.unmap}. */
  [Symbol.dispose](): void;
}

/** Pages mapped into this process for reading and writing. */
export interface WritableMapping extends Mapping {
  /**
   * The shared memory itself: what is written here, the other side sees at once. Its length is 0 once the mapping has ended.
   *
   * It may be a part of a larger buffer. Make other views of it with its offset and length:
   * `new Int32Array(bytes.buffer, bytes.byteOffset, 16)`.
   *
   * @throws {GrantError} `unsupported` if the mapping spans allocations, which lie apart: use `parts`. A mapper's mapping is always
   * in one piece on a device; on the mock only neighbouring pages of one allocation are.
   */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The shared memory, in as many pieces as it lies in, in order; none once the mapping has ended. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
}

/** Memory in several pieces, and how long each is: it may be moved away. */
export class MemoryParts {
  readonly views: readonly Uint8Array<ArrayBuffer>[];
  readonly lengths: readonly number[];

  constructor(views: readonly Uint8Array<ArrayBuffer>[]) {
    this.views = views;
    this.lengths = views.map((view) => lengthOf.call(view));
  }
}

/** Who makes mappings, and ends them: one for many, so that a mapping is one object. */
export interface MappingOwner {
  /** Throws if a mapping cannot be ended just now. */
  checkIdle(): void;
  /** Ends a mapping of `count` pages from `page` on; called once. */
  unmap(memory: Pick<MappedMemory, "unmap">, page: number, count: number): void;
}

// A target's own methods are the caller's: one that overrides them would be handed the memory itself.
const { set } = Uint8Array.prototype;

/** Copies a part of a piece that has, or had, some size. */
function copyPart(
  piece: Uint8Array<ArrayBuffer>,
  size: number,
  start: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  if (length === 0) return;
  if (lengthOf.call(piece) !== size) throw closed("its memory was moved away");
  set.call(target, new Uint8Array(piece.buffer, piece.byteOffset + start, length), at);
}

function closed(reason: string): GrantError {
  return new GrantError(`Cannot read as ${reason}: map the pages again`, { code: "closed", operation: "map" });
}

const NOTHING = new Uint8Array(0);

/**
 * What is writable: the memory is handed out. It is no class derived from another, as the engines make slower code of the
 * constructors of those.
 */
export class ReadWriteMapping implements WritableMapping {
  readonly #bytes: Uint8Array<ArrayBuffer> | MemoryParts;
  readonly #memory: Pick<MappedMemory, "unmap">;
  readonly #owner: MappingOwner;
  readonly #page: number;
  readonly #count: number;
  #unmapped = false;

  /**
   * @param bytes The bytes, whole pages: in one piece, or in several.
   * @param memory What the owner ends.
   * @param owner Ends the mapping.
   * @param page The first page, as the owner counts them.
   * @param count The number of pages.
   */
  constructor(
    bytes: Uint8Array<ArrayBuffer> | MemoryParts,
    memory: Pick<MappedMemory, "unmap">,
    owner: MappingOwner,
    page: number,
    count: number,
  ) {
    this.#bytes = bytes;
    this.#memory = memory;
    this.#owner = owner;
    this.#page = page;
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  get unmapped(): boolean {
    return this.#unmapped;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#unmapped) return NOTHING;
    const bytes = this.#bytes;
    if (!(bytes instanceof MemoryParts)) return bytes;
    throw new GrantError(
      `Cannot map ${this.count} pages as one piece of memory as they lie in ${bytes.views.length} pieces: use \`parts\``,
      { code: "unsupported", operation: "map" },
    );
  }

  get parts(): readonly Uint8Array<ArrayBuffer>[] {
    if (this.#unmapped) return [];
    const bytes = this.#bytes;
    return bytes instanceof MemoryParts ? [...bytes.views] : [bytes];
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
    if (!(target instanceof Uint8Array)) {
      throw new TypeError(`Cannot read as \`target\` must be a Uint8Array: current value is ${show(target)}`);
    }
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
}

/** What is read-only: the memory stays in here. */
export class ReadOnlyMapping implements Mapping {
  readonly #mapping: ReadWriteMapping;

  /** The same as of a writable one. */
  constructor(...memory: ConstructorParameters<typeof ReadWriteMapping>) {
    this.#mapping = new ReadWriteMapping(...memory);
  }

  get count(): number {
    return this.#mapping.count;
  }

  get unmapped(): boolean {
    return this.#mapping.unmapped;
  }

  read(offset?: number, length?: number): Uint8Array<ArrayBuffer> {
    return this.#mapping.read(offset, length);
  }

  readInto(target: Uint8Array, offset?: number): void {
    this.#mapping.readInto(target, offset);
  }

  unmap(): void {
    this.#mapping.unmap();
  }

  [Symbol.dispose](): void {
    this.#mapping.unmap();
  }
}
