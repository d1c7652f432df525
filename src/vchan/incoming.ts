import { ArgumentRangeError } from "../contract/argument_error.ts";
import { checkBytes, lengthOf } from "../contract/bytes.ts";
import { checkKept } from "./check_kept.ts";
import type { VchanOperation } from "./errors.ts";
import type { Life } from "./life.ts";
import { MOST_AT_ONCE, type Pace } from "./pace.ts";
import type { RingReader } from "./ring_reader.ts";
import { FEW_BYTES, type Spin } from "./spin.ts";
import { Turns } from "./turns.ts";
import { Wait } from "./wait.ts";

/** The most bytes of a chunk: more would only be copied later. */
const CHUNK = 64 * 1024;

/** The direction from the other side. Calls take their turns in their order. */
export class Incoming {
  readonly #ring: RingReader;
  readonly #life: Life;
  readonly #pace: Pace;
  readonly #spin: Spin;
  readonly #wait: Wait;
  readonly #turns = new Turns();

  constructor(ring: RingReader, life: Life, pace: Pace, spin: Spin) {
    this.#ring = ring;
    this.#life = life;
    this.#pace = pace;
    this.#spin = spin;
    this.#wait = new Wait(ring, life, pace, spin);
  }

  /** How many bytes there are to read. */
  ready(): number {
    this.#life.checkReadable("read");
    try {
      return this.#ring.look();
    } catch (error) {
      throw this.#life.failure("read", error);
    }
  }

  /** Reads what is there. Returns `null` if nothing is, and nothing will come. */
  take(target: Uint8Array, length: number, operation: VchanOperation): number | null {
    this.#life.checkReadable(operation);
    const most = Math.min(length, MOST_AT_ONCE);
    try {
      const count = this.#ring.read(target, 0, most);
      if (count > 0 || length === 0 || !this.#life.peerIsGone()) return count;
      // It may have written before it left, and after the first look.
      return this.#ring.read(target, 0, most) || null;
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
  }

  tryRead(target: Uint8Array): number | null {
    checkBytes("read", "`target`", target);
    if (!this.#turns.free) return 0;
    return this.take(target, lengthOf.call(target), "read");
  }

  read(target: Uint8Array, signal: AbortSignal | undefined): Promise<number | null> {
    checkBytes("read", "`target`", target);
    const length = lengthOf.call(target);
    if (this.#turns.free) {
      if (length > FEW_BYTES) this.#gather("read");
      const count = this.take(target, length, "read");
      if (count !== 0 || length === 0) return this.#pace.count(count);
      if (this.#isThere(1, "read")) return this.#pace.count(this.take(target, length, "read"));
    }
    if (length === 0) return this.#nothing("read");
    return this.#readLater(target, length, signal);
  }

  /** Apart from `read()`, in which the closure would cost an object even if it is not made. */
  #readLater(target: Uint8Array, length: number, signal: AbortSignal | undefined): Promise<number | null> {
    return this.#inTurn(1, signal, "read", () => {
      checkKept("read", "`target`", target, length);
      return this.take(target, length, "read");
    });
  }

  /** Reads exactly as many bytes as the target has. */
  receive(target: Uint8Array, signal: AbortSignal | undefined): Promise<number | null> {
    const what = "receive";
    checkBytes(what, "`target`", target);
    const length = lengthOf.call(target);
    const { size } = this.#ring;
    if (length > size) {
      throw new ArgumentRangeError(
        `Cannot ${what} as \`target\` must have at most ${size} bytes, the size of the ring: current value has ` +
          `${length}`,
      );
    }
    if (this.#turns.free && (this.#has(length, what) || this.#isThere(length, what))) {
      return this.#pace.count(this.#exactly(target, length));
    }
    if (length === 0) return this.#nothing(what);
    return this.#receiveLater(target, length, signal);
  }

  #receiveLater(target: Uint8Array, length: number, signal: AbortSignal | undefined): Promise<number | null> {
    return this.#inTurn(length, signal, "receive", () => {
      checkKept("receive", "`target`", target, length);
      return this.#exactly(target, length);
    });
  }

  /** Reads no bytes, for which nobody has to wait. */
  #nothing(operation: VchanOperation): Promise<number | null> {
    this.#life.checkReadable(operation);
    return this.#pace.count(0);
  }

  #exactly(target: Uint8Array, length: number): number | null {
    return this.#has(length, "receive") ? this.take(target, length, "receive") : null;
  }

  /** Reads what is there into a new array, as soon as anything is. */
  chunk(signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#turns.free && (this.#has(1, "read") || this.#isThere(1, "read"))) {
      const chunk = this.#chunk();
      return this.#pace.value(chunk, chunk?.length ?? 0);
    }
    return this.#inTurn(1, signal, "read", () => this.#chunk());
  }

  #chunk(): Uint8Array<ArrayBuffer> | null {
    this.#gather("read");
    const length = Math.min(this.ready(), CHUNK);
    if (length === 0) return null;
    const chunk = new Uint8Array(length);
    this.take(chunk, length, "read");
    return chunk;
  }

  #gather(operation: VchanOperation): void {
    this.#life.checkReadable(operation);
    try {
      this.#spin.gather(this.#ring);
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
  }

  #has(wanted: number, operation: VchanOperation): boolean {
    this.#life.checkReadable(operation);
    try {
      return this.#ring.look() >= wanted;
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
  }

  /**
   * Waits for a turn and then for some bytes, or for the end of the other side. If the turn is free, the caller has
   * looked and asked already.
   */
  async #inTurn<Value>(
    wanted: number,
    signal: AbortSignal | undefined,
    operation: VchanOperation,
    take: () => Value,
  ): Promise<Value> {
    const isFirst = this.#turns.tryEnter();
    if (!isFirst) await this.#turns.enter(signal);
    try {
      for (let waits = isFirst;; waits = true) {
        if (waits) {
          await (this.#pace.isDue ? this.#pace.turn() : this.#life.dataBell.wait(signal));
          this.#pace.turned();
        }
        if (this.#has(wanted, operation) || this.#isThere(wanted, operation)) break;
      }
      return take();
    } finally {
      this.#turns.leave();
    }
  }

  /** Whether there is nothing to wait for. */
  #isThere(wanted: number, operation: VchanOperation): boolean {
    try {
      return this.#wait.isOver(wanted);
    } catch (error) {
      throw this.#life.failure(operation, error);
    }
  }
}
