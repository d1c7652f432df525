import { PvError } from "./errors.ts";
import type { RingMemory } from "./ring_memory.ts";

/**
 * The end of one direction of a ring at which this side takes records: responses in a frontend, requests in a backend.
 */
export class RingConsumer {
  readonly #memory: RingMemory;
  readonly #producedAt: number;
  readonly #eventAt: number;
  readonly #records: string;
  readonly #mask: number;
  #consumed: number;
  /** How many there were to take at the last look. */
  #ready = 0;
  #failure: PvError | undefined;

  /**
   * @param producedAt The word in which the other side announces records.
   * @param eventAt The word in which this side asks for an event.
   * @param start How many there were before.
   * @param records What they are, for messages: "responses".
   */
  constructor(memory: RingMemory, producedAt: number, eventAt: number, start: number, records: string) {
    this.#memory = memory;
    this.#producedAt = producedAt;
    this.#eventAt = eventAt;
    this.#records = records;
    this.#mask = memory.size - 1;
    this.#consumed = start;
  }

  /** How many were taken. */
  get consumed(): number {
    return this.#consumed;
  }

  /**
   * Looks how many there are to take, once all known ones are taken.
   *
   * @param most How many there can be.
   * @throws {PvError} `protocol` if the other side announces more, or takes back what was taken.
   */
  look(most: number): number {
    const ready = (this.#memory.load(this.#producedAt) - this.#consumed) | 0;
    if (ready < 0 || ready > most) {
      throw this.#failure = new PvError(
        `Cannot use the ring: the other side claims that there are ${ready} ${this.#records} where there can be 0 to ` +
          `${most}. It has broken the protocol: end the connection.`,
        { code: "protocol", operation: "use the ring" },
      );
    }
    return this.#ready = ready;
  }

  /** Copies the next record, and frees its slot. Returns whether there was one. */
  take(target: Uint8Array, most: number): boolean {
    if (this.#failure) throw this.#failure;
    if (this.#ready === 0 && this.look(most) === 0) return false;
    this.#memory.get(this.#consumed & this.#mask, target);
    this.#consumed = (this.#consumed + 1) | 0;
    this.#ready--;
    return true;
  }

  /** Asks for an event for the next record, and looks again: it may have been announced before it was asked. */
  ask(most: number): boolean {
    if (this.#failure) throw this.#failure;
    if (this.#ready > 0) return true;
    this.#memory.store(this.#eventAt, (this.#consumed + 1) | 0);
    return this.look(most) > 0;
  }
}
