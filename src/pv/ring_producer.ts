import type { RingMemory } from "./ring_memory.ts";

/**
 * The end of one direction of a ring at which this side puts records: requests in a frontend, responses in a backend.
 */
export class RingProducer {
  readonly #memory: RingMemory;
  readonly #producedAt: number;
  readonly #eventAt: number;
  readonly #mask: number;
  /** How many were put. Those behind {@linkcode RingProducer.pushed} are not announced yet. */
  #produced: number;
  #pushed: number;

  /**
   * @param producedAt The word in which this side announces records.
   * @param eventAt The word in which the other side asks for an event.
   * @param start How many there were before.
   */
  constructor(memory: RingMemory, producedAt: number, eventAt: number, start: number) {
    this.#memory = memory;
    this.#producedAt = producedAt;
    this.#eventAt = eventAt;
    this.#mask = memory.size - 1;
    this.#produced = this.#pushed = start;
  }

  /** How many were put. */
  get produced(): number {
    return this.#produced;
  }

  /** How many were announced. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Puts a record. There must be a slot. */
  put(record: Uint8Array): void {
    this.#memory.put(this.#produced & this.#mask, record);
    this.#produced = (this.#produced + 1) | 0;
  }

  /** Announces what was put. Returns whether the other side has asked for an event. */
  push(): boolean {
    const before = this.#pushed;
    const after = this.#produced;
    if (before === after) return false;
    this.#pushed = after;
    this.#memory.store(this.#producedAt, after);
    // After the index: a consumer that asks, and then sees the old index, is found here.
    const event = this.#memory.load(this.#eventAt);
    return ((after - event) >>> 0) < ((after - before) >>> 0);
  }
}
