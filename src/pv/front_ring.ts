import { showAs } from "../shared/inspection.ts";
import type { WritableMapping } from "../shared/mapping.ts";
import { REQ_EVENT, REQ_PROD, RSP_EVENT, RSP_PROD } from "./ring_layout.ts";
import { checkRecord, MappedRing, type RingMemory, type RingOptions } from "./ring_memory.ts";
import { RingConsumer } from "./ring_consumer.ts";
import { RingProducer } from "./ring_producer.ts";

/** Makes a ring on any memory, whose indices begin anywhere. A function, because users shall not. */
export let makeFrontRing: (memory: RingMemory, start: number) => FrontRing;

/**
 * The frontend's end of a ring: it puts requests, and takes the responses to them. Xen's block, network and other
 * devices have such rings, as `io/ring.h` lays them out.
 *
 * What this side has written is never read back: the other side may change it there. The index of the other side is
 * checked at each look; once it was wrong, every call that looks fails with `protocol`.
 *
 * A response frees a slot. Which request it is for, and whether it is one that was made, is up to the caller to check.
 *
 * @example Send a request, and take its response
 * ```ts
 * import { BackRing, FrontRing } from "@gntalloc/gntalloc/pv";
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using share = device.open().share(0, { writable: true });
 * const front = FrontRing.create(share.mapping, { slotSize: 8 });
 * using mapper = new GrantMapper(xen.domain(0));
 * using theirs = mapper.map(1, share.grefs, { writable: true });
 * const back = BackRing.attach(theirs, { slotSize: 8 });
 *
 * front.put(Uint8Array.of(1, 2, 3));
 * assert(front.push()); // The backend has asked for an event: send one.
 *
 * const request = new Uint8Array(3);
 * assert(back.take(request));
 * back.put(Uint8Array.of(request[0]! + request[1]! + request[2]!));
 * assert(back.push());
 *
 * const response = new Uint8Array(1);
 * assert(front.take(response));
 * assert.equal(response[0], 6);
 * assert(!front.ask()); // There is nothing more: wait for an event.
 * ```
 */
export class FrontRing {
  static {
    makeFrontRing = (memory, start) => new FrontRing(memory, start);
    showAs(FrontRing, "FrontRing", (ring) => ({ size: ring.size, free: ring.free }));
  }

  readonly #memory: RingMemory;
  readonly #requests: RingProducer;
  readonly #responses: RingConsumer;

  private constructor(memory: RingMemory, start: number) {
    this.#memory = memory;
    memory.store(REQ_PROD, start);
    memory.store(RSP_PROD, start);
    // The first request and the first response would come without an event if these were as in a fresh page.
    memory.store(REQ_EVENT, (start + 1) | 0);
    memory.store(RSP_EVENT, (start + 1) | 0);
    this.#requests = new RingProducer(memory, REQ_PROD, REQ_EVENT, start);
    this.#responses = new RingConsumer(memory, RSP_PROD, RSP_EVENT, start, "responses");
  }

  /**
   * Creates a ring in pages, before the backend learns of them.
   *
   * @param memory Pages that are granted to the backend for writing: the `mapping` of a share.
   * @param options The size of a slot.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   */
  static create(memory: WritableMapping, options: RingOptions): FrontRing {
    return new FrontRing(MappedRing.of("create a ring", memory, options), 0);
  }

  /** How many slots there are: a power of two. */
  get size(): number {
    return this.#memory.size;
  }

  /** How many requests can be put now. */
  get free(): number {
    return this.size - ((this.#requests.produced - this.#responses.consumed) | 0);
  }

  /** How many requests were pushed and have no response yet, as far as responses were taken. */
  get unanswered(): number {
    return (this.#requests.pushed - this.#responses.consumed) | 0;
  }

  /**
   * Puts a request into the next slot. The backend does not see it before {@linkcode FrontRing.push}.
   *
   * @param request Its bytes: at most as many as a slot has.
   * @throws {TypeError} or {RangeError} if it is no array, or too long; or if no slot is free.
   */
  put(request: Uint8Array): void {
    checkRecord("put a request", "`request`", request, this.#memory);
    if (this.free === 0) {
      throw new RangeError(`Cannot put a request as a slot must be free: all ${this.size} are in use. Take responses`);
    }
    this.#requests.put(request);
  }

  /**
   * Lets the backend see the requests that were put.
   *
   * @returns Whether it has asked for an event: then send one, and otherwise do not. A backend may punish events that
   * it did not ask for.
   */
  push(): boolean {
    return this.#requests.push();
  }

  /**
   * Copies the next response, and frees its slot.
   *
   * @param target Receives its first bytes: at most as many as a slot has.
   * @returns Whether there was one.
   * @throws {TypeError} or {RangeError} if the target is no array, or too long.
   * @throws {PvError} `protocol` if the backend claims more responses than there are requests.
   */
  take(target: Uint8Array): boolean {
    checkRecord("take a response", "`target`", target, this.#memory);
    return this.#responses.take(target, this.unanswered);
  }

  /**
   * Asks for an event when the next response comes, and looks once more: it may have come just before.
   *
   * @returns Whether there is a response to take. Sleep only if there is none.
   * @throws {PvError} `protocol` as {@linkcode FrontRing.take}.
   */
  ask(): boolean {
    return this.#responses.ask(this.unanswered);
  }
}
