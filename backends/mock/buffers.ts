import { type MappedMemory, PAGE_SIZE } from "../../src/contract/backend.ts";
import { type MachineMemory, type Memory, MemoryMapping } from "./memory.ts";

// A view's properties are its owner's to redefine: what ends a mapping must not go through them.
const { transfer } = ArrayBuffer.prototype;
const isDetached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get as () => boolean;
if (!isDetached) {
  throw new Error(
    "Cannot simulate a machine here as buffers must tell whether they are detached: run on Node 22 or later",
  );
}

/** Pages of buffers that are kept to be used again, as a new buffer costs more than to zero an old one: 16 MiB. */
const KEPT_PAGES = 4096;

/** A buffer for each allocation, so that views can be detached when its last mapping ends, as they are on a device. */
export class Buffers implements MachineMemory {
  readonly #memories: (BufferMemory | undefined)[] = [];
  /** Numbers of the memories that are gone. */
  readonly #free: number[] = [];
  /** Buffers that are kept, by their pages. Nobody has a view of one, and all are zeroed before they are used. */
  readonly #kept = new Map<number, ArrayBuffer[]>();
  #keptPages = 0;

  take(count: number): Memory {
    const buffer = this.#keptBuffer(count) ?? new ArrayBuffer(count * PAGE_SIZE);
    const number = this.#free.pop() ?? this.#memories.length;
    return this.#memories[number] = new BufferMemory(this, number, count, buffer);
  }

  #keptBuffer(count: number): ArrayBuffer | undefined {
    const buffer = this.#kept.get(count)?.pop();
    if (!buffer) return;
    this.#keptPages -= count;
    new Uint8Array(buffer).fill(0);
    return buffer;
  }

  at(number: number): Memory {
    return this.#memories[number]!;
  }

  /** Forgets a memory of which nothing is left, and keeps its buffer if there is room. */
  forget(number: number, count: number, buffer: ArrayBuffer): void {
    this.#memories[number] = undefined;
    this.#free.push(number);
    if (this.#keptPages + count > KEPT_PAGES) {
      this.#kept.clear();
      this.#keptPages = 0;
    }
    if (count > KEPT_PAGES) return;
    this.#keptPages += count;
    const kept = this.#kept.get(count);
    if (kept) kept.push(buffer);
    else this.#kept.set(count, [buffer]);
  }
}

/**
 * The memory of one allocation.
 *
 * When the last mapping ends, the bytes move to a new buffer: so the views that anyone still has are detached. Until then the
 * views of a mapping that ended before cannot be told from those of the others.
 */
class BufferMemory implements Memory {
  readonly number: number;
  readonly taken = 0;
  readonly #buffers: Buffers;
  readonly #pages: number;
  #buffer: ArrayBuffer;
  #mappings = 0;
  /** Pages that were not given back. */
  #left: number;

  constructor(buffers: Buffers, number: number, pages: number, buffer: ArrayBuffer) {
    this.#buffers = buffers;
    this.number = number;
    this.#pages = pages;
    this.#left = pages;
    this.#buffer = buffer;
  }

  /** The bytes, which a caller may have taken away by moving the buffer of a view: then there are others, zeroed. */
  #bytes(): ArrayBuffer {
    if (isDetached.call(this.#buffer)) this.#buffer = new ArrayBuffer(this.#pages * PAGE_SIZE);
    return this.#buffer;
  }

  map(page: number, count: number): MappedMemory {
    const bytes = new Uint8Array(this.#bytes(), page * PAGE_SIZE, count * PAGE_SIZE);
    this.#mappings++;
    return new MemoryMapping(bytes, this, page, count);
  }

  /** Ends a mapping. */
  unmap(): void {
    this.#mappings--;
    if (this.#mappings > 0) return;
    this.#buffer = transfer.call(this.#bytes());
    this.#forgetIfUnused();
  }

  clear(page: number, byte: number): void {
    new Uint8Array(this.#bytes())[page * PAGE_SIZE + byte] = 0;
  }

  give(_page: number, count: number): void {
    this.#left -= count;
    this.#forgetIfUnused();
  }

  #forgetIfUnused(): void {
    if (this.#left === 0 && this.#mappings === 0) this.#buffers.forget(this.number, this.#pages, this.#buffer);
  }
}
