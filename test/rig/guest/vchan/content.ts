/**
 * Streams of bytes of which both ends can compute each. `stream_word` in ../../peer/vchan.h does the same.
 *
 * @module
 */

/** How many bytes are made or checked at once. */
const BLOCK = 64 * 1024;
const WORDS = BLOCK / 4;

/** Computes the words of a stream from one of them on. */
function fill(block: Uint32Array, first: number, seed: number): void {
  for (let index = 0; index < block.length; index++) {
    const mixed = Math.imul((first + index) ^ seed, 2654435761);
    block[index] = mixed ^ (mixed >>> 15);
  }
}

/** Makes a stream. */
export class Source {
  readonly #seed: number;
  readonly #words = new Uint32Array(WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  #at = BLOCK;
  #next = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Returns the next bytes, at most as many. They change with the next call. */
  take(most: number): Uint8Array<ArrayBuffer> {
    if (this.#at === BLOCK) {
      fill(this.#words, this.#next, this.#seed);
      this.#next += WORDS;
      this.#at = 0;
    }
    const taken = this.#bytes.subarray(this.#at, this.#at + most);
    this.#at += taken.length;
    return taken;
  }

  /** Returns exactly as many bytes as the next ones. */
  packet(size: number): Uint8Array<ArrayBuffer> {
    const packet = new Uint8Array(size);
    for (let done = 0; done < size;) {
      const part = this.take(size - done);
      packet.set(part, done);
      done += part.length;
    }
    return packet;
  }
}

/** Checks a stream. */
export class Sink {
  readonly #seed: number;
  readonly #words = new Uint32Array(WORDS);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #expected = new Uint32Array(WORDS);
  #at = 0;
  #checked = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Where to put the next bytes, at most as many. */
  room(most: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(this.#at, this.#at + most);
  }

  /**
   * Takes bytes that were put there.
   *
   * @throws {Error} if they are not those of the stream.
   */
  take(count: number): void {
    this.#at += count;
    if (this.#at === BLOCK) {
      this.check();
      this.#checked += WORDS;
      this.#at = 0;
    }
  }

  /**
   * Checks what was taken so far.
   *
   * @throws {Error} likewise.
   */
  check(): void {
    fill(this.#expected, this.#checked, this.#seed);
    const whole = this.#at >> 2;
    for (let index = 0; index < whole; index++) {
      if (this.#words[index] !== this.#expected[index]) this.#fail(4 * index);
    }
    const bytes = new Uint8Array(this.#expected.buffer);
    for (let at = 4 * whole; at < this.#at; at++) if (this.#bytes[at] !== bytes[at]) this.#fail(at);
  }

  #fail(at: number): never {
    throw new Error(`the stream is wrong in the word at byte ${4 * this.#checked + at}`);
  }
}
