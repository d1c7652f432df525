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
import { Litmus, LITMUS_BYTES, type LitmusOutcome } from "../npm/programs/litmus.ts";

/** The experiments, in order. */
export const EXPERIMENTS = ["add", "bits", "storeThenLoad", "message", "rings"] as const;

/** What to do. */
export interface LitmusOrder {
  readonly experiment: typeof EXPERIMENTS[number];
  /** 0 or 1. */
  readonly side: number;
  /** The memory that both share. */
  readonly address: bigint;
}

class RingLitmus extends Litmus {
  readonly #side: number;
  readonly #buffer: ArrayBuffer;

  constructor(side: number, buffer: ArrayBuffer) {
    super(side, buffer);
    this.#side = side;
    this.#buffer = buffer;
  }

  /**
   * The rings of the library: a stream through 4 KiB, in pieces of all sizes. Whoever finds nothing to do asks, and waits
   * for the other to send an event, as a connection does. Returns how many bytes were wrong, and how often a thread
   * waited.
   */
  rings(): LitmusOutcome {
    const page = new MappedPage(new Uint8Array(this.#buffer, 0, 4096));
    const ring = new WholeRing(new Uint8Array(this.#buffer, 4096, 4096));
    const words = new Int32Array(this.#buffer);
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
      this.meet();
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
      this.meet();
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
if (self) {
  self.onmessage = ({ data: { side, address, experiment } }) => {
    const buffer = Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, LITMUS_BYTES);
    self.postMessage(new RingLitmus(side, buffer)[experiment]());
  };
}
