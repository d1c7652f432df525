import { ArgumentRangeError } from "../contract/argument_error.ts";
import { checkBytes, lengthOf } from "../contract/bytes.ts";
import { checkKept } from "./check_kept.ts";
import type { VchanOperation } from "./errors.ts";
import type { Life } from "./life.ts";
import { MOST_AT_ONCE, type Pace } from "./pace.ts";
import type { RingWriter } from "./ring_writer.ts";
import type { Spin } from "./spin.ts";
import { Turns } from "./turns.ts";
import { Wait } from "./wait.ts";

/** The direction to the other side. Calls take their turns in their order. */
export class Outgoing {
  readonly #ring: RingWriter;
  readonly #life: Life;
  readonly #pace: Pace;
  readonly #wait: Wait;
  readonly #turns = new Turns();

  constructor(ring: RingWriter, life: Life, pace: Pace, spin: Spin) {
    this.#ring = ring;
    this.#life = life;
    this.#pace = pace;
    this.#wait = new Wait(ring, life, pace, spin);
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
    const done = this.#turns.free ? this.#putMost(bytes, 0, length) : 0;
    return done === length ? this.#pace.done() : this.#writeRest(bytes, done, length, signal);
  }

  /** Writes until either all is written, or the event loop has to turn, or an event will come when there is room. */
  #putMost(bytes: Uint8Array, from: number, length: number): number {
    let at = from;
    do {
      const count = this.#put(bytes, at, length, "write");
      this.#pace.moved(count);
      at += count;
    } while (at < length && this.#hasRoom(1, "write"));
    return at;
  }

  async #writeRest(bytes: Uint8Array, done: number, length: number, signal: AbortSignal | undefined): Promise<void> {
    const isFirst = this.#turns.tryEnter();
    if (!isFirst) await this.#turns.enter(signal);
    try {
      let at = done;
      for (let waits = isFirst; at < length; waits = true) {
        if (waits) await this.#sleep(signal);
        this.#life.checkWritable("write");
        checkKept("write", "`bytes`", bytes, length);
        at = this.#putMost(bytes, at, length);
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
      throw new ArgumentRangeError(
        `Cannot ${what} as \`bytes\` must have at most ${size} bytes, the size of the ring: current value has ` +
          `${length}`,
      );
    }
    this.#life.checkWritable(what);
    if (!this.#turns.free || !this.#hasRoom(length, what)) {
      return length === 0 ? this.#pace.done() : this.#sendLater(bytes, length, signal);
    }
    this.#pace.moved(this.#putPacket(bytes, length));
    return this.#pace.done();
  }

  async #sendLater(bytes: Uint8Array, length: number, signal: AbortSignal | undefined): Promise<void> {
    const isFirst = this.#turns.tryEnter();
    if (!isFirst) await this.#turns.enter(signal);
    try {
      for (let waits = isFirst;; waits = true) {
        if (waits) await this.#sleep(signal);
        this.#life.checkWritable("send");
        if (this.#hasRoom(length, "send")) break;
      }
      checkKept("send", "`bytes`", bytes, length);
      this.#pace.moved(this.#putPacket(bytes, length));
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
        const { size } = this.#ring;
        if (this.#room(what) === size || this.#hasRoom(size, what)) return;
        await this.#sleep(signal);
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

  /** A packet: whoever sees a byte of it sees all, as with libxenvchan. */
  #putPacket(bytes: Uint8Array, length: number): number {
    try {
      return this.#ring.write(bytes, 0, length, length);
    } catch (error) {
      throw this.#life.failure("send", error);
    }
  }

  /**
   * Whether there is room. If there is none, either the event loop has to turn, or the event will come.
   *
   * @throws {VchanError} if the other side has left.
   */
  #hasRoom(wanted: number, operation: VchanOperation): boolean {
    if (this.#room(operation) >= wanted && !this.#pace.isDue) return true;
    try {
      if (!this.#wait.isOver(wanted)) return false;
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
    this.#life.checkWritable(operation);
    return true;
  }

  async #sleep(signal: AbortSignal | undefined): Promise<void> {
    await (this.#pace.isDue ? this.#pace.turn() : this.#life.roomBell.wait(signal));
    this.#pace.turned();
  }
}
