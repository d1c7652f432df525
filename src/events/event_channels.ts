import { checkBackend, checkDomid, checkFile, checkInteger, checkPort, show } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import type { EventBackend, EventFile } from "../contract/event_backend.ts";
import { MAX_VIRQ } from "../contract/limits.ts";
import { CallGuard } from "../shared/call_guard.ts";
import { shorten, showAs } from "../shared/inspection.ts";
import { BoundChannel, type ChannelOwner, type EventChannel } from "./event_channel.ts";
import { EventPump } from "./event_pump.ts";

/** What a set of event channels holds. */
export interface EventChannelsReport {
  /** The bound ports, in the order in which they were bound. */
  readonly ports: readonly number[];
  /** How many waits and iterators are waiting for an event. */
  readonly waiting: number;
}

/**
 * Event channels of a domain. Each is a doorbell between two domains, with which one tells the other to look at the
 * memory they share. All belong to one open file of the device. Closing that file unbinds them.
 *
 * @example Two domains that wake each other
 * ```ts
 * import { EventChannels } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const xen = new MockXen();
 *
 * // Domain 1 offers a port to domain 0, and tells it the number.
 * using ours = new EventChannels(xen.domain(1));
 * using channel = ours.bindUnbound(0);
 *
 * // Domain 0 binds to it. As something may have been sent before, an event is waiting there.
 * using theirs = new EventChannels(xen.domain(0));
 * using peer = theirs.bindInterdomain(1, channel.port);
 * await peer.wait();
 *
 * peer.notify();
 * await channel.wait();
 * channel.notify();
 * await peer.wait();
 * ```
 */
export class EventChannels implements Disposable {
  static {
    showAs(EventChannels, "EventChannels", (events) => ({
      backend: events.#backend.name,
      closed: events.#closed,
      ports: shorten([...events.#channels.keys()]),
    }));
  }

  readonly #backend: EventBackend;
  readonly #guard: CallGuard;
  readonly #channels = new Map<number, BoundChannel>();
  #owner: ChannelOwner | undefined;
  #closed = false;

  /**
   * Creates a set of event channels. The device is opened on first use.
   *
   * @param domain The domain whose ports they are: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @throws {TypeError} if the domain has no `events`.
   */
  constructor(domain: Pick<XenDomain, "events">) {
    this.#backend = checkBackend("create event channels", domain, "events", ["open"]);
    this.#guard = new CallGuard(this.#backend.name);
  }

  /** Whether the event channels were closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Allocates a port to which one domain may bind. Tell that domain the channel's `port`.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF). It need not exist yet, unless Xen's policy is SILO, as on Debian for
   * aarch64.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {GrantError} `port-refused` if there is no port left, or Xen refuses the domain; `no-device`, `permission`
   * or `unsupported` if the device cannot be used; `closed` if these event channels were closed.
   */
  bindUnbound(domid: number): EventChannel {
    checkDomid("bind", domid);
    return this.#bind((file) => file.bindUnbound(domid));
  }

  /**
   * Binds to a port that another domain has allocated for this one by {@linkcode EventChannels.bindUnbound}. Because
   * the other end may have sent events before, the first event arrives at once.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF).
   * @param remotePort Its port.
   * @throws {RangeError} if a number is out of bounds.
   * @throws {GrantError} `port-refused` if there is no such domain or port, or the port is not for this domain or
   * already bound; or as {@linkcode EventChannels.bindUnbound}.
   */
  bindInterdomain(domid: number, remotePort: number): EventChannel {
    checkDomid("bind", domid);
    checkPort("bind", "`remotePort`", remotePort);
    return this.#bind((file) => file.bindInterdomain(domid, remotePort));
  }

  /**
   * Binds one of the virtual interrupts that Xen itself sends.
   *
   * @param virq The number of a `VIRQ_*` in Xen's public header `xen.h`, 0 to 23.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {GrantError} `port-refused` if it is already bound to a channel, or the kernel uses it; or as
   * {@linkcode EventChannels.bindUnbound}.
   */
  bindVirq(virq: number): EventChannel {
    checkInteger("bind", "`virq`", virq, 0, MAX_VIRQ);
    return this.#bind((file) => file.bindVirq(virq));
  }

  #bind(bind: (file: EventFile) => number): EventChannel {
    if (this.#closed) throw this.#closedError("bind");
    return this.#guard.make("bind", () => {
      const owner = this.#owner ??= this.#open();
      const port: unknown = bind(owner.file);
      if (typeof port !== "number" || !Number.isInteger(port) || port < 0 || this.#channels.has(port)) {
        throw new TypeError(`it bound port ${show(port)}`);
      }
      const channel = new BoundChannel(port, owner);
      this.#channels.set(port, channel);
      return channel;
    });
  }

  #open(): ChannelOwner {
    const file = checkFile(this.#backend.open(), "events", ["bindUnbound", "whenPending", "close"]);
    const isClosed = () => this.#closed;
    return {
      file,
      guard: this.#guard,
      pump: new EventPump(file, this.#guard, this.#channels),
      get closed() {
        return isClosed();
      },
      forget: ({ port }) => this.#channels.delete(port),
    };
  }

  /**
   * Continues after `events-lost`: until this call, every wait fails with it. Drops the events that were not taken, and
   * lets each channel have one event instead, because its own may be among those that were lost: everyone who waits is
   * woken, and the next wait of every other channel is over at once. Look at all shared memory then.
   *
   * Nothing needs to be lost for this call. Does nothing if no channel was bound yet.
   *
   * @throws {GrantError} `closed` if these event channels were closed; or the system's refusal.
   *
   * @example Continue after events were lost
   * ```ts
   * import { type EventChannel, EventChannels, GrantError } from "@gntalloc/gntalloc";
   * import { Faults } from "@gntalloc/gntalloc/faults";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const faults = new Faults();
   * using events = new EventChannels(faults.wrap(new MockXen().domain(1)));
   * using channel = events.bindUnbound(0);
   *
   * async function next(channel: EventChannel): Promise<void> {
   *   try {
   *     await channel.wait();
   *   } catch (error) {
   *     if (!(error instanceof GrantError && error.code === "events-lost")) throw error;
   *     events.reset();
   *     await channel.wait();
   *   }
   * }
   *
   * const error = new GrantError("Cannot take events: lost.", { code: "events-lost", operation: "wait" });
   * faults.fail("wait", { error });
   * await next(channel);
   * assert.equal(channel.poll(), false);
   * ```
   */
  reset(): void {
    if (this.#closed) throw this.#closedError("reset");
    const owner = this.#owner;
    if (!owner) return;
    this.#guard.make("reset", () => owner.file.reset());
    const channels = [...this.#channels.values()];
    for (const channel of channels) channel.onEvent();
    // Not before the next wait, as elsewhere: an event that arrived until then would be in the system's ring twice.
    for (const channel of channels) channel.unmask();
  }

  #closedError(operation: GrantOperation): GrantError {
    return new GrantError(`Cannot ${operation}: the event channels are closed. Create new ones.`, {
      code: "closed",
      operation,
    });
  }

  /** Lists the bound ports, and counts the waits. Also works after the event channels were closed. */
  inspect(): EventChannelsReport {
    return { ports: [...this.#channels.keys()], waiting: this.#owner?.pump.waiting ?? 0 };
  }

  /**
   * Unbinds all channels: pending waits fail with `closed`, and iterators end. Does nothing if they are closed.
   *
   * @throws {GrantError} if the system refuses. The channels are closed anyway.
   */
  close(): void {
    if (this.#closed) return;
    this.#guard.checkIdle("close");
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.end();
    const owner = this.#owner;
    this.#owner = undefined;
    if (owner) this.#guard.make("close", () => owner.file.close());
  }

  /** Unbinds all channels, like {@linkcode EventChannels.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
