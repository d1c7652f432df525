import { type MappedMemory, PAGE_SIZE } from "../backend.ts";

// A view's properties are its owner's to redefine: what ends a mapping must not go through them.
const { transfer } = ArrayBuffer.prototype;
const isDetached = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")!.get!;

/**
 * The memory of one allocation: real bytes, which every mapping of it shares.
 *
 * When the last mapping ends, the bytes move to a new buffer: so the views that anyone still has are detached, as they
 * are on a device. Until then the views of a mapping that ended before cannot be told from those of the others.
 */
export class Memory {
  readonly #size: number;
  #buffer: ArrayBuffer;
  #mappings = 0;

  constructor(pages: number) {
    this.#size = pages * PAGE_SIZE;
    this.#buffer = new ArrayBuffer(this.#size);
  }

  /** The bytes, which a caller may have taken away by moving the buffer of a view: then there are others, zeroed. */
  #bytes(): ArrayBuffer {
    if (isDetached.call(this.#buffer)) this.#buffer = new ArrayBuffer(this.#size);
    return this.#buffer;
  }

  /** Maps some of the pages. */
  map(page: number, pages: number): MappedMemory {
    const bytes = new Uint8Array(this.#bytes(), page * PAGE_SIZE, pages * PAGE_SIZE);
    this.#mappings++;
    return {
      bytes,
      unmap: () => {
        this.#mappings--;
        if (this.#mappings === 0) this.#buffer = transfer.call(this.#bytes());
      },
    };
  }

  /** Sets one byte to 0. */
  clear(page: number, byte: number): void {
    new Uint8Array(this.#bytes())[page * PAGE_SIZE + byte] = 0;
  }
}
