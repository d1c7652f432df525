/**
 * What a disk must have: the simplest model, in which each sector has the last version that was written to it. If a
 * write has failed or was given up, its sectors have that version or an earlier one.
 *
 * @module
 */

/** The bytes of a sector. */
export const SECTOR = 512;

/** A write, and what became of it. */
export interface Write {
  readonly version: number;
  isDone: boolean;
}

/** The writes to a sector that it may have now, the last one at the end. It is never changed. */
type History = readonly Write[];

/** What the sectors had when a read began. */
export type Expectation = readonly { readonly sector: number; readonly history: History }[];

/** The model of a disk. */
export class Model {
  readonly #sectors: History[];
  #versions = 0;

  constructor(sectors: number) {
    this.#sectors = Array.from({ length: sectors }, () => [{ version: 0, isDone: true }]);
  }

  /** Begins a write. Returns it, and its bytes. */
  write(first: number, count: number): { write: Write; bytes: Uint8Array } {
    const write = this.#begin(first, count, ++this.#versions);
    const words = new Uint32Array(count * SECTOR / 4);
    for (let index = 0; index < count; index++) words.fill(write.version, index * SECTOR / 4, (index + 1) * SECTOR / 4);
    return { write, bytes: new Uint8Array(words.buffer) };
  }

  /** Begins a discard, after which there are zeros. */
  discard(first: number, count: number): Write {
    return this.#begin(first, count, 0);
  }

  #begin(first: number, count: number, version: number): Write {
    const write: Write = { version, isDone: false };
    for (let sector = first; sector < first + count; sector++) {
      const history = this.#sectors[sector]!;
      // What was before one that is done is gone.
      const last = history.findLastIndex(({ isDone }) => isDone);
      this.#sectors[sector] = [...history.slice(last), write];
    }
    return write;
  }

  /** What the sectors may have. */
  expect(first: number, count: number): Expectation {
    return Array.from({ length: count }, (_, index) => ({
      sector: first + index,
      history: this.#sectors[first + index]!,
    }));
  }

  /** Throws unless bytes are what is expected. */
  check(expectation: Expectation, bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    for (const [index, { sector, history }] of expectation.entries()) {
      const part = words.subarray(index * SECTOR / 4, (index + 1) * SECTOR / 4);
      const version = part[0]!;
      const allowed = history.slice(history.findLastIndex(({ isDone }) => isDone));
      const found = allowed.findLast((write) => write.version === version);
      if (found === undefined || !part.every((word) => word === version)) {
        const shown = allowed.map((write) => write.version).join(" or ");
        throw new Error(`sector ${sector} has ${version}, expected ${shown}`);
      }
      // Now it is known which of them it has, unless others were begun meanwhile.
      if (this.#sectors[sector] === history) this.#sectors[sector] = [{ version, isDone: true }];
    }
  }
}
