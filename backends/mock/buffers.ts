import { PAGE_SIZE } from "../../src/contract/limits.ts";
import { type MachineMemory, type Memory, MemoryMapping } from "./memory.ts";

// A program can redefine the properties of a buffer, so those of the prototype are used.
const { transfer } = ArrayBuffer.prototype;
const isDetached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get as () => boolean;
if (!isDetached) {
  throw new Error(
    "Cannot simulate Xen: this runtime has no `ArrayBuffer.prototype.detached`. Use Node 22 or later.",
  );
}

/** How many pages of buffers are kept for reuse, which costs less than a new buffer: 16 MiB. */
const KEPT_PAGES = 4096;

/** One buffer per allocation, so that all views of it can be detached when its last mapping ends, as on a device. */
export class Buffers implements MachineMemory {
  readonly #memories: (BufferMemory | undefined)[] = [];
  /** Numbers of memories that were forgotten. */
  readonly #free: number[] = [];
  /**
   * Buffers that are kept, by their number of pages. Nobody has a view of them. They are zeroed before they are reused.
   */
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

  /** Forgets a memory that is no longer used, and keeps its buffer if there is room. */
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
 * When its last mapping ends, the bytes move to a new buffer, which detaches all views that are still held. While
 * another mapping is left, views of one that has ended stay alive, because all of them share the buffer.
 */
class BufferMemory implements Memory {
  readonly number: number;
  readonly taken = 0;
  readonly #buffers: Buffers;
  readonly #pages: number;
  #buffer: ArrayBuffer;
  #mappings = 0;
  /** How many pages have not been given back. */
  #left: number;

  constructor(buffers: Buffers, number: number, pages: number, buffer: ArrayBuffer) {
    this.#buffers = buffers;
    this.number = number;
    this.#pages = pages;
    this.#left = pages;
    this.#buffer = buffer;
  }

  /** The buffer. A new, zeroed one if a program has transferred the old one away. */
  #bytes(): ArrayBuffer {
    if (isDetached.call(this.#buffer)) this.#buffer = new ArrayBuffer(this.#pages * PAGE_SIZE);
    return this.#buffer;
  }

  map(page: number, count: number): MemoryMapping {
    const bytes = new Uint8Array(this.#bytes(), page * PAGE_SIZE, count * PAGE_SIZE);
    this.#mappings++;
    return new MemoryMapping(bytes, this, page, count);
  }

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
