/**
 * One of the two threads of the experiments of litmus.ts.
 *
 * @module
 */
import { CLIENT, CLIENT_LIVE, SERVER, SERVER_LIVE } from "../../src/vchan/layout.ts";
import { WholeRing } from "../../src/vchan/ring_memory.ts";
import { RingReader } from "../../src/vchan/ring_reader.ts";
import { RingWriter } from "../../src/vchan/ring_writer.ts";
import { MappedPage } from "../../src/vchan/shared_page.ts";

/** The experiments, in order. */
export const EXPERIMENTS = ["add", "bits", "storeThenLoad", "message", "rings"] as const;

/** What to do. */
export interface LitmusOrder {
  readonly experiment: typeof EXPERIMENTS[number];
  /** 0 or 1. */
  readonly side: number;
  /** The memory that both share. */
  readonly address: bigint;
  readonly bytes: number;
}

/** What came out: numbers that the test knows the meaning of. */
export type LitmusOutcome = readonly number[];

const ROUNDS = 1_000_000;
/** The rounds of experiments in which the threads wait for each other. */
const MEETINGS = 50_000;
/** Experiments stop after this time, in milliseconds, on a machine that is busy with other things. */
const LONGEST = 5000;

/** The words at which the threads meet, away from those that they experiment with. */
const ARRIVED = 8192;
const STOPPED = 8193;

class Litmus {
  readonly #side: number;
  readonly #buffer: ArrayBuffer;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #end = performance.now() + LONGEST;
  #meetings = 0;

  constructor({ side, address, bytes }: LitmusOrder) {
    this.#side = side;
    this.#buffer = Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, bytes);
    this.#words = new Int32Array(this.#buffer);
  }

  /** Waits until both threads are here. Returns whether to go on. */
  #meet(): boolean {
    const words = this.#words;
    if (this.#side === 0 && performance.now() > this.#end) Atomics.store(words, STOPPED, 1);
    const goal = 2 * ++this.#meetings;
    Atomics.add(words, ARRIVED, 1);
    while (Atomics.load(words, ARRIVED) < goal);
    return Atomics.load(words, STOPPED) === 0;
  }

  /** Both add to the same word: none of it may be lost. */
  add(): LitmusOutcome {
    this.#meet();
    for (let round = 0; round < ROUNDS; round++) Atomics.add(this.#words, 0, 1);
    this.#meet();
    return [Atomics.load(this.#words, 0) - 2 * ROUNDS];
  }

  /** Each sets and clears a bit of its own in the same byte, and counts how often the other has undone that. */
  bits(): LitmusOutcome {
    const bytes = new Uint8Array(this.#buffer);
    const bit = 1 << this.#side;
    let undone = 0;
    this.#meet();
    for (let round = 0; round < ROUNDS; round++) {
      Atomics.or(bytes, 22, bit);
      if ((Atomics.and(bytes, 22, ~bit) & bit) === 0) undone++;
    }
    return [undone];
  }

  /** Each writes a word, and then reads that of the other. Returns what it read, round by round. */
  storeThenLoad(): LitmusOutcome {
    const words = this.#words;
    const [own, other] = this.#side === 0 ? [0, 1024] : [1024, 0];
    const seen: number[] = [];
    while (seen.length < MEETINGS && this.#meet()) {
      const round = seen.length + 1;
      Atomics.store(words, own, round);
      seen.push(Atomics.load(words, other));
      // Nobody is ahead while the other one still looks.
      this.#meet();
    }
    return seen;
  }

  /** One writes bytes and then an index; the other counts how many bytes it sees too late. */
  message(): LitmusOutcome {
    const bytes = new Uint8Array(this.#buffer, 4096, 4096);
    const words = this.#words;
    let wrong = 0;
    for (let round = 1; round <= ROUNDS / 10; round++) {
      if (this.#side === 0) {
        bytes.fill(round, 0, 64);
        Atomics.store(words, 0, round);
        while (Atomics.load(words, 1) !== round);
      } else {
        while (Atomics.load(words, 0) !== round);
        for (let at = 0; at < 64; at++) if (bytes[at] !== (round & 0xff)) wrong++;
        Atomics.store(words, 1, round);
      }
    }
    return [wrong];
  }

  /**
   * The rings of the library: a stream through 4 KiB, in pieces of all sizes. Whoever finds nothing to do asks, and waits
   * for the other to send an event, as a connection does. Returns how many bytes were wrong, and how often a thread
   * waited.
   */
  rings(): LitmusOutcome {
    const page = new MappedPage(new Uint8Array(this.#buffer, 0, 4096));
    const ring = new WholeRing(new Uint8Array(this.#buffer, 4096, 4096));
    const words = this.#words;
    const [ownEvent, otherEvent] = this.#side === 0 ? [9000, 9100] : [9100, 9000];
    const notify = () => void Atomics.store(words, otherEvent, 1);
    let waits = 0;
    /** An event that does not come is a lost wake-up: the time is far longer than any that a thread is not running. */
    const wait = () => {
      waits++;
      const end = performance.now() + 20_000;
      while (Atomics.exchange(words, ownEvent, 0) === 0) {
        if (performance.now() > end) throw new Error("a wake-up was lost");
      }
    };
    const total = 16 * 1024 * 1024;
    const piece = new Uint8Array(5000);
    let wrong = 0;
    if (this.#side === 0) {
      page.storeByte(CLIENT_LIVE, 1);
      page.storeByte(SERVER_LIVE, 1);
      const writer = new RingWriter(page, CLIENT, ring, 4096, notify);
      this.#meet();
      for (let done = 0, size = 1; done < total; size = size * 7 % 4999) {
        const length = Math.min(size, total - done);
        for (let at = 0; at < length; at++) piece[at] = (done + at) * 167 >> 4;
        for (let at = 0; at < length;) {
          at += writer.write(piece, at, length);
          if (at < length && writer.ask() === 0) wait();
        }
        done += length;
      }
    } else {
      this.#meet();
      const reader = new RingReader(page, SERVER, ring, 4096, notify);
      for (let done = 0, size = 1; done < total; size = size * 5 % 4999) {
        const count = reader.read(piece, 0, Math.min(size, total - done));
        for (let at = 0; at < count; at++) if (piece[at] !== ((done + at) * 167 >> 4 & 0xff)) wrong++;
        done += count;
        if (count === 0 && reader.ask() === 0) wait();
      }
    }
    return [wrong, waits];
  }
}

const { self } = globalThis as unknown as {
  self: { onmessage: (event: { data: LitmusOrder }) => void; postMessage(outcome: LitmusOutcome): void } | undefined;
};
if (self) self.onmessage = ({ data }) => self.postMessage(new Litmus(data)[data.experiment]());
