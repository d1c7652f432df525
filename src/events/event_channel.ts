import type { EventFile } from "../contract/backend.ts";
import type { Calls } from "../shared/call_guard.ts";
import { checkOptions, show } from "../contract/checks.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import { EventIterator } from "./event_iterator.ts";
import type { EventPump, EventTaker } from "./event_pump.ts";
import { type Waiter, Waiters } from "./waiters.ts";

/** How to wait for events. */
export interface WaitOptions {
  /** Ends the waiting when it is aborted. */
  signal?: AbortSignal;
}

/**
 * One end of an event channel: a port of this domain, bound.
 *
 * An event says that something has happened, not what, and not how often: look at the shared memory after each. Events are
 * merged while nobody takes them, and one may come for which there is nothing to do; none is lost.
 */
export interface EventChannel extends Disposable {
  /** The port: its number in this domain. The other domain binds to it by this number. */
  readonly port: number;
  /** Whether it was unbound here, by itself or with its {@linkcode EventChannels}. */
  readonly closed: boolean;
  /**
   * Sends an event to the other end. Where nobody is bound there, nothing happens.
   *
   * @throws {GrantError} `closed` if the channel was unbound; or what the system refuses.
   */
  notify(): void;
  /**
   * Waits for the next event. One that came before, and that nobody took, counts. All who wait when an event comes are woken; for
   * several tasks that each need every event there is {@linkcode EventChannel.events}.
   *
   * @param options A signal that ends the waiting.
   * @throws {GrantError} `closed` if the channel was unbound, before or while it waits; or what the system refuses. By the promise,
   * as everything: with the signal's reason, if that is aborted.
   *
   * @example Wait, but not for ever
   * ```ts
   * import { EventChannels } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using events = new EventChannels(new MockXen().domain(1));
   * using channel = events.bindUnbound(0);
   * await assert.rejects(channel.wait({ signal: AbortSignal.timeout(10) }), { name: "TimeoutError" });
   * ```
   */
  wait(options?: WaitOptions): Promise<void>;
  /**
   * The events from now on, one that came before and that nobody took among them. It ends when the channel is unbound. Each
   * iterator sees every event, whoever else waits; those that come during a turn of the loop are one.
   *
   * @param options A signal that ends the waiting: the loop throws its reason then.
   *
   * @example Count what comes
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
   * for await (const _ of channel.events()) {
   *   count++;
   *   if (count < 3) peer.notify();
   *   else channel.unbind();
   * }
   * assert.equal(count, 3);
   * ```
   */
  events(options?: WaitOptions): AsyncIterableIterator<void>;
  /**
   * Lets the next event come before anybody waits for it. Not needed: a port is masked when its event is taken, and unmasked
   * when the next one is waited for, so that an event that nobody waits for costs nothing, and is not lost.
   *
   * @throws {GrantError} `closed` if the channel was unbound; or what the system refuses.
   */
  unmask(): void;
  /**
   * Unbinds the port: whoever waits is told `closed`, and no event comes any more. The other end stays, and may be bound to anew
   * by this domain. An unmap notify that names the port still fires. Does nothing if it is unbound.
   *
   * @throws {GrantError} if the system refuses. The channel counts as unbound all the same.
   */
  unbind(): void;
  /** Unbinds the port, like {@linkcode EventChannel.unbind}. */
  [Symbol.dispose](): void;
}

/** What a channel is a part of. */
export interface ChannelOwner {
  readonly file: EventFile;
  readonly calls: Calls;
  readonly pump: EventPump;
  /** The channel is no longer bound. */
  forget(channel: BoundChannel): void;
}

/** A bound port, until it is unbound. Its events have numbers here, so that each who waits knows which of them it has seen. */
export class BoundChannel implements EventChannel, EventTaker {
  readonly #port: number;
  readonly #owner: ChannelOwner;
  readonly #waiters: Waiters;
  /** How many events have come. */
  #events = 0;
  /** The number of the last one that anybody took. */
  #taken = 0;
  #masked = false;
  #ended = false;

  constructor(port: number, owner: ChannelOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#waiters = new Waiters(() => owner.pump.leave());
  }

  get port(): number {
    return this.#port;
  }

  get closed(): boolean {
    return this.#ended;
  }

  came(): boolean {
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

  #checkBound(operation: GrantOperation): void {
    if (this.#ended) throw this.#closed(operation);
  }

  #closed(operation: GrantOperation): GrantError {
    return new GrantError(
      `Cannot ${operation} as the event channel of port ${this.#port} was unbound: bind another one`,
      {
        code: "closed",
        operation,
      },
    );
  }

  notify(): void {
    this.#checkBound("notify");
    const { calls, file } = this.#owner;
    calls.make("notify", () => file.notify(this.#port));
  }

  async wait(options: WaitOptions = {}): Promise<void> {
    const seen = await this.after(this.#taken, checkSignal(options)).promise;
    if (seen === undefined) throw this.#closed("wait");
  }

  events(options: WaitOptions = {}): AsyncIterableIterator<void> {
    return new EventIterator(this, this.#taken, checkSignal(options));
  }

  /**
   * Waits for an event after the one with a number: its promise says the number of the last that has come, or `undefined` if the
   * channel was unbound.
   *
   * @throws what the waiting fails with before it begins.
   */
  after(seen: number, signal: AbortSignal | undefined): Waiter {
    if (signal?.aborted) throw signal.reason;
    if (this.#ended) return settled(undefined);
    if (this.#events > seen) {
      this.#taken = this.#events;
      return settled(this.#events);
    }
    this.#owner.calls.checkIdle("wait");
    this.#unmask();
    // A signal says so once: it may have been in the middle of that call.
    if (signal?.aborted) throw signal.reason;
    const waiter = this.#waiters.add(signal);
    this.#owner.pump.join();
    return waiter;
  }

  unmask(): void {
    this.#checkBound("wait");
    this.#unmask();
  }

  #unmask(): void {
    if (!this.#masked) return;
    const { calls, file } = this.#owner;
    calls.make("wait", () => file.unmask(this.#port));
    this.#masked = false;
  }

  unbind(): void {
    if (this.#ended) return;
    const { calls, file } = this.#owner;
    calls.checkIdle("unbind");
    this.end();
    calls.make("unbind", () => file.unbind(this.#port));
  }

  /** Ends it here alone: whoever waits is told. */
  end(): void {
    this.#ended = true;
    this.#owner.forget(this);
    this.#waiters.wake(undefined);
  }

  [Symbol.dispose](): void {
    this.unbind();
  }
}

function settled(value: number | undefined): Waiter {
  return { promise: Promise.resolve(value), cancel() {} };
}

function checkSignal(options: WaitOptions): AbortSignal | undefined {
  checkOptions("wait", options);
  const { signal } = options;
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new TypeError(`Cannot wait as \`signal\` must be an AbortSignal: current value is ${show(signal)}`);
}
