import { showAs } from "../shared/inspection.ts";
import type { WritableMapping } from "../shared/mapping.ts";
import { REQ_EVENT, REQ_PROD, RSP_EVENT, RSP_PROD } from "./ring_layout.ts";
import { checkRecord, MappedRing, type RingMemory, type RingOptions } from "./ring_memory.ts";
import { RingConsumer } from "./ring_consumer.ts";
import { RingProducer } from "./ring_producer.ts";

/** Makes a ring on any memory. A function, because users shall not. */
export let makeBackRing: (memory: RingMemory) => BackRing;

/**
 * The backend's end of a ring: it takes requests, and puts the responses to them, in any order. See
 * {@linkcode FrontRing}.
 */
export class BackRing {
  static {
    makeBackRing = (memory) => new BackRing(memory);
    showAs(BackRing, "BackRing", (ring) => ({ size: ring.size, unanswered: ring.unanswered }));
  }

  readonly #memory: RingMemory;
  readonly #requests: RingConsumer;
  readonly #responses: RingProducer;

  private constructor(memory: RingMemory) {
    this.#memory = memory;
    // A frontend may have pushed requests already. Those before its last response were answered by another backend.
    const start = memory.load(RSP_PROD);
    this.#requests = new RingConsumer(memory, REQ_PROD, REQ_EVENT, start, "requests");
    this.#responses = new RingProducer(memory, RSP_PROD, RSP_EVENT, start);
    this.#requests.look(this.size);
  }

  /**
   * Attaches to a ring that a frontend has created, and continues behind the last response.
   *
   * @param memory The pages of the ring, mapped for writing.
   * @param options The size of a slot.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `protocol` if the ring claims to have more requests than slots.
   */
  static attach(memory: WritableMapping, options: RingOptions): BackRing {
    return new BackRing(MappedRing.of("attach to a ring", memory, options));
  }

  /** How many slots there are: a power of two. */
  get size(): number {
    return this.#memory.size;
  }

  /** How many requests were taken and have no response yet. */
  get unanswered(): number {
    return (this.#requests.consumed - this.#responses.produced) | 0;
  }

  /**
   * Copies the next request.
   *
   * @param target Receives its first bytes: at most as many as a slot has. Check this copy, as the frontend may change
   * the slot at any time.
   * @returns Whether there was one.
   * @throws {TypeError} or {RangeError} if the target is no array, or too long.
   * @throws {PvError} `protocol` if the frontend claims to have put more requests than there are free slots.
   */
  take(target: Uint8Array): boolean {
    checkRecord("take a request", "`target`", target, this.#memory);
    return this.#requests.take(target, this.size - this.unanswered);
  }

  /**
   * Asks for an event when the next request comes, and looks once more: it may have come just before.
   *
   * @returns Whether there is a request to take. Sleep only if there is none.
   * @throws {PvError} `protocol` as {@linkcode BackRing.take}.
   */
  ask(): boolean {
    return this.#requests.ask(this.size - this.unanswered);
  }

  /**
   * Puts a response into the next slot. The frontend does not see it before {@linkcode BackRing.push}.
   *
   * @param response Its bytes: at most as many as a slot has.
   * @throws {TypeError} or {RangeError} if it is no array, or too long; or if every request that was taken has a
   * response.
   */
  put(response: Uint8Array): void {
    checkRecord("put a response", "`response`", response, this.#memory);
    if (this.unanswered === 0) {
      throw new RangeError("Cannot put a response as a request must be unanswered: none is. Take a request");
    }
    this.#responses.put(response);
  }

  /**
   * Lets the frontend see the responses that were put.
   *
   * @returns Whether it has asked for an event: then send one, and otherwise do not.
   */
  push(): boolean {
    return this.#responses.push();
  }
}
