import { checkInteger } from "../contract/checks.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import type { EventFile } from "../contract/event_backend.ts";
import { LONGEST_DELAY, startProgramTimer } from "../contract/event_loop.ts";
import { readOptions } from "../contract/options.ts";
import type { CallGuard } from "../shared/call_guard.ts";
import { showAs } from "../shared/inspection.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import { EventIterator } from "./event_iterator.ts";
import type { EventPump, EventTaker } from "./event_pump.ts";
import { type Waiter, Waiters } from "./waiters.ts";

/** How to iterate over events. */
export interface EventsOptions {
  /** Ends the waiting when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** How to wait for an event. */
export interface WaitOptions extends EventsOptions {
  /**
   * How long to wait, in milliseconds: a whole number from 0 to 2,147,483,647, or `Infinity`. The timer is the program's own: fake
   * timers of a test framework control it.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
}

/**
 * One end of an event channel: a bound port of this domain. Iterate over it to handle every event:
 * `for await (const _ of channel)`.
 *
 * An event says that something happened, but neither what nor how often: look at the shared memory after each one.
 * Events that nobody takes are merged, and one may arrive even though nothing has changed. None is lost.
 */
export interface EventChannel extends Disposable, AsyncIterable<void> {
  /** The number of the port in this domain. The other domain binds to it by this number. */
  readonly port: number;
  /** Whether the channel was unbound here, by itself or with its {@linkcode EventChannels}. */
  readonly closed: boolean;
  /**
   * Sends an event to the other end. Does nothing if no port is bound there.
   *
   * @throws {GrantError} `closed` if the channel was unbound; or the system's refusal.
   */
  notify(): void;
  /**
   * Waits for the next event; one that arrived earlier and was not taken counts. An event wakes everyone who waits. If
   * several tasks each need every event, iterate instead.
   *
   * Every failure rejects the promise; an aborted signal rejects it with the signal's reason.
   *
   * A wait keeps the program alive, on Node too.
   *
   * @param options How long to wait, and a signal that ends the waiting.
   * @throws {DOMException} `TimeoutError` if no event arrives in time.
   * @throws {GrantError} `closed` if the channel was unbound, before or during the wait; `events-lost` if the system
   * dropped events, which `reset()` of the channels ends; or another refusal of the system.
   *
   * @example Wait for a limited time
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using events = new EventChannels(new MockXen().domain(1));
   * using channel = events.bindUnbound(0);
   * await assert.rejects(channel.wait({ timeout: 10 }), { name: "TimeoutError" });
   * ```
   */
  wait(options?: WaitOptions): Promise<void>;
  /**
   * Looks for an event without waiting, and takes it if there is one. Like a wait, it counts an event that arrived
   * earlier and was not taken.
   *
   * Let the event loop turn between two looks, or call {@linkcode EventChannel.wait} instead.
   *
   * @returns Whether there was an event.
   * @throws {GrantError} `closed` if the channel was unbound; or the system's refusal.
   *
   * @example Look for an event
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using ours = new EventChannels(xen.domain(1));
   * using theirs = new EventChannels(xen.domain(0));
   * using channel = ours.bindUnbound(0);
   * using peer = theirs.bindInterdomain(1, channel.port);
   *
   * assert.equal(channel.poll(), false);
   * peer.notify();
   * assert.equal(channel.poll(), true);
   * assert.equal(channel.poll(), false);
   * ```
   */
  poll(): boolean;
  /**
   * Iterates over the events from now on, including one that arrived earlier and was not taken, until the channel is
   * unbound. Each iterator sees every event, no matter who else waits; events that arrive in the same turn of the event
   * loop count as one.
   *
   * @param options A signal that ends the iteration: the iterator then throws the signal's reason.
   *
   * @example Stop after a time
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using events = new EventChannels(new MockXen().domain(1));
   * using channel = events.bindUnbound(0);
   * await assert.rejects(async () => {
   *   for await (const _ of channel.events({ signal: AbortSignal.timeout(10) })) assert.fail("nobody sends");
   * }, { name: "TimeoutError" });
   * ```
   */
  events(options?: EventsOptions): AsyncIterableIterator<void>;
  /**
   * Iterates over the events, like {@linkcode EventChannel.events} without a signal.
   *
   * @example Count events
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using ours = new EventChannels(xen.domain(1));
   * using theirs = new EventChannels(xen.domain(0));
   * using channel = ours.bindUnbound(0);
   * using peer = theirs.bindInterdomain(1, channel.port);
   *
   * let count = 0;
   * peer.notify();
   * for await (const _ of channel) {
   *   count++;
   *   if (count < 3) peer.notify();
   *   else channel.unbind();
   * }
   * assert.equal(count, 3);
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<void>;
  /**
   * Unbinds the port: pending waits fail with `closed`, iterators end, and no more events arrive. The other end stays,
   * and this domain may bind to it again. An unmap notify that names the port still fires. Does nothing if the port is
   * unbound.
   *
   * @throws {GrantError} if the system refuses. The channel is closed anyway.
   */
  unbind(): void;
  /** Unbinds the port, like {@linkcode EventChannel.unbind}. */
  [Symbol.dispose](): void;
}

/** The set of channels that a channel belongs to. */
export interface ChannelOwner {
  readonly file: EventFile;
  readonly guard: CallGuard;
  readonly pump: EventPump;
  /** Whether the file was closed, which has unbound its ports. */
  readonly closed: boolean;
  /** Forgets a channel that is no longer bound. */
  forget(channel: BoundChannel): void;
}

/** A bound port. Its events are numbered here, so that each waiter knows which of them it has seen. */
export class BoundChannel implements EventChannel, EventTaker {
  static {
    showAs(BoundChannel, "EventChannel", (channel) => ({ port: channel.#port, closed: channel.#closed }));
  }

  readonly #port: number;
  readonly #owner: ChannelOwner;
  readonly #waiters: Waiters;
  /** How many events have arrived. */
  #events = 0;
  /** The number of the last event that anyone took. */
  #taken = 0;
  /** The backend masks a port when its event is taken. It is unmasked when someone waits for the next one. */
  #masked = false;
  #closed = false;

  constructor(port: number, owner: ChannelOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#waiters = new Waiters(() => owner.pump.removeWaiter());
  }

  get port(): number {
    return this.#port;
  }

  get closed(): boolean {
    return this.#closed;
  }

  onEvent(): boolean {
    const news = !this.#masked;
    this.#masked = true;
    this.#events++;
    if (this.#waiters.size > 0) this.#taken = this.#events;
    this.#waiters.wake(this.#events);
    return news;
  }

  fail(error: unknown): void {
    this.#waiters.fail(error);
  }

  /**
   * Unmasks the port of an event that nobody has taken, for events to arrive. If this fails, the next wait tries again.
   */
  unmask(): void {
    if (!this.#closed) this.#unmask("reset");
  }

  #closedError(operation: GrantOperation): GrantError {
    return new GrantError(
      `Cannot ${operation}: the event channel of port ${this.#port} was unbound. Bind another one.`,
      { code: "closed", operation },
    );
  }

  notify(): void {
    if (this.#closed) throw this.#closedError("notify");
    const { guard, file } = this.#owner;
    guard.make("notify", () => file.notify(this.#port));
  }

  async wait(options?: WaitOptions): Promise<void> {
    const { signal, timeout } = readOptions("wait", options, ["signal", "timeout"]);
    checkSignal("wait", signal);
    const isBounded = timeout !== undefined && timeout !== Infinity;
    if (isBounded) checkInteger("wait", "`timeout`", timeout, 0, LONGEST_DELAY);
    const waiter = this.after(this.#taken, signal);
    const seen = await (!isBounded ? waiter.promise : this.#within(timeout, waiter));
    if (seen === undefined) throw this.#closedError("wait");
  }

  /** Waits until a waiter is settled, and fails it after a time. */
  async #within(timeout: number, waiter: Waiter): Promise<number | undefined> {
    const stopTimer = startProgramTimer(() => {
      const message = `Cannot wait: no event arrived on port ${this.#port} within ${timeout} ms.`;
      waiter.fail(new DOMException(message, "TimeoutError"));
    }, timeout);
    try {
      return await waiter.promise;
    } finally {
      stopTimer();
    }
  }

  poll(): boolean {
    if (this.#closed) throw this.#closedError("wait");
    const seen = this.#taken;
    if (this.#events === seen) {
      this.#owner.guard.checkIdle("wait");
      this.#unmask();
      this.#owner.pump.poll();
    }
    this.#taken = this.#events;
    return this.#events > seen;
  }

  events(options?: EventsOptions): AsyncIterableIterator<void> {
    const { signal } = readOptions("wait", options, ["signal"]);
    checkSignal("wait", signal);
    return new EventIterator(this, this.#taken, signal);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<void> {
    return this.events();
  }

  /**
   * Waits for an event after the one with a number. The promise is fulfilled with the number of the last event that has
   * arrived, or with `undefined` if the channel was unbound.
   *
   * @throws what makes the wait fail before it begins.
   */
  after(seen: number, signal: AbortSignal | undefined): Waiter {
    if (signal?.aborted) throw reasonOf(signal);
    if (this.#closed) return settled(undefined);
    if (this.#events > seen) {
      this.#taken = this.#events;
      return settled(this.#events);
    }
    this.#owner.guard.checkIdle("wait");
    this.#unmask();
    // A signal fires only once, and may have fired in the middle of that call.
    if (signal?.aborted) throw reasonOf(signal);
    const waiter = this.#waiters.add(signal);
    this.#owner.pump.addWaiter();
    return waiter;
  }

  #unmask(operation: "wait" | "reset" = "wait"): void {
    if (!this.#masked) return;
    const { guard, file } = this.#owner;
    guard.make(operation, () => file.unmask(this.#port));
    this.#masked = false;
  }

  unbind(): void {
    if (this.#closed) return;
    const { guard, file } = this.#owner;
    guard.checkIdle("unbind");
    this.end();
    // A backend that stops waiting may have closed all channels.
    if (this.#owner.closed) return;
    guard.make("unbind", () => file.unbind(this.#port));
  }

  /** Closes the channel on this side only, and tells everyone who waits. */
  end(): void {
    this.#closed = true;
    this.#owner.forget(this);
    this.#waiters.wake(undefined);
  }

  [Symbol.dispose](): void {
    this.unbind();
  }
}

function settled(value: number | undefined): Waiter {
  return { promise: Promise.resolve(value), cancel() {}, fail() {} };
}
