import { checkBytes, lengthOf } from "../contract/bytes.ts";
import { checkKept } from "./check_kept.ts";
import type { VchanOperation } from "./errors.ts";
import type { Life } from "./life.ts";
import { MOST_AT_ONCE, type Pace } from "./pace.ts";
import type { RingWriter } from "./ring_writer.ts";
import type { Spin } from "./spin.ts";
import { Turns } from "./turns.ts";

/** The direction to the other side. Calls take their turns in their order. */
export class Outgoing {
  readonly #ring: RingWriter;
  readonly #life: Life;
  readonly #pace: Pace;
  readonly #spin: Spin;
  readonly #turns = new Turns();

  constructor(ring: RingWriter, life: Life, pace: Pace, spin: Spin) {
    this.#ring = ring;
    this.#life = life;
    this.#pace = pace;
    this.#spin = spin;
  }

  /** How many bytes there is room for. */
  room(): number {
    this.#life.checkWritable("write");
    return this.#room("write");
  }

  tryWrite(bytes: Uint8Array): number {
    checkBytes("write", "`bytes`", bytes);
    this.#life.checkWritable("write");
    return this.#turns.free ? this.#put(bytes, 0, lengthOf.call(bytes), "write") : 0;
  }

  write(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    checkBytes("write", "`bytes`", bytes);
    this.#life.checkWritable("write");
    const length = lengthOf.call(bytes);
    const done = this.#turns.free ? this.#put(bytes, 0, length, "write") : 0;
    return done === length ? this.#pace.done(length) : this.#writeRest(bytes, done, length, signal);
  }

  async #writeRest(bytes: Uint8Array, done: number, length: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#turns.tryEnter()) await this.#turns.enter(signal);
    try {
      for (let at = done;;) {
        this.#life.checkWritable("write");
        checkKept("write", "`bytes`", bytes, length);
        const count = this.#put(bytes, at, length, "write");
        at += count;
        if (at === length) return;
        if (count === MOST_AT_ONCE) await this.#pace.turn();
        else await this.#waitFor(1, signal, "write");
      }
    } finally {
      this.#turns.leave();
    }
  }

  /** Writes all of the bytes at once, or none. */
  send(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const what = "send";
    checkBytes(what, "`bytes`", bytes);
    const length = lengthOf.call(bytes);
    const { size } = this.#ring;
    if (length > size) {
      throw new RangeError(
        `Cannot ${what} as \`bytes\` must have at most ${size} bytes, the size of the ring: current value has ${length}`,
      );
    }
    this.#life.checkWritable(what);
    if (!this.#turns.free || this.#room(what) < length) return this.#sendLater(bytes, length, signal);
    this.#put(bytes, 0, length, what);
    return this.#pace.done(length);
  }

  async #sendLater(bytes: Uint8Array, length: number, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#turns.tryEnter()) await this.#turns.enter(signal);
    try {
      for (;;) {
        this.#life.checkWritable("send");
        if (this.#room("send") >= length) break;
        await this.#waitFor(length, signal, "send");
      }
      checkKept("send", "`bytes`", bytes, length);
      this.#put(bytes, 0, length, "send");
    } finally {
      this.#turns.leave();
    }
  }

  /** Waits until the other side has read everything. It may have left by then. */
  async flush(signal: AbortSignal | undefined): Promise<void> {
    const what = "flush";
    if (!this.#turns.tryEnter()) await this.#turns.enter(signal);
    try {
      for (;;) {
        this.#life.checkReadable(what);
        if (this.#room(what) === this.#ring.size) return;
        this.#life.checkWritable(what);
        await this.#waitFor(this.#ring.size, signal, what);
      }
    } finally {
      this.#turns.leave();
    }
  }

  #room(operation: VchanOperation): number {
    try {
      return this.#ring.look();
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
  }

  #put(bytes: Uint8Array, from: number, to: number, operation: VchanOperation): number {
    try {
      return this.#ring.write(bytes, from, Math.min(to, from + MOST_AT_ONCE));
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
  }

  /** Waits for room, or for the end of the other side. */
  async #waitFor(wanted: number, signal: AbortSignal | undefined, operation: VchanOperation): Promise<void> {
    try {
      if (this.#spin.until(this.#ring, wanted) || this.#ring.ask() >= wanted || this.#life.peerIsGone()) return;
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
    await this.#life.roomBell.wait(signal);
    this.#pace.turned();
  }
}
