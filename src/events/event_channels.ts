import type { EventBackend, EventFile, XenDomain } from "../contract/backend.ts";
import { Calls } from "../shared/call_guard.ts";
import { checkBackend, checkDomid, checkFile, checkInteger, checkPort, show } from "../contract/checks.ts";
import { MAX_VIRQ } from "../contract/limits.ts";
import { GrantError } from "../contract/errors.ts";
import { BoundChannel, type ChannelOwner, type EventChannel } from "./event_channel.ts";
import { EventPump } from "./event_pump.ts";

/**
 * Event channels of this domain: how two domains tell each other that there is something new in the memory that they share. One
 * open file of the driver, which unbinds all its channels when it is closed.
 *
 * @example Two domains that wake each other
 * ```ts
 * import { EventChannels } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const xen = new MockXen();
 *
 * // Domain 1 offers a port to domain 0, which has to be told its number.
 * using ours = new EventChannels(xen.domain(1));
 * using channel = ours.bindUnbound(0);
 *
 * // Domain 0 binds to it. As something may have been sent before, it begins with an event.
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
  readonly #backend: EventBackend;
  readonly #calls: Calls;
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
    this.#backend = checkBackend("make event channels", domain, "events", ["open"]);
    this.#calls = new Calls(this.#backend.name);
  }

  /**
   * Makes a channel to which one domain may bind: tell it the `port`.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF). It need not be there yet.
   * @throws {RangeError} if the number is out of its bounds.
   * @throws {GrantError} `port-refused` if there is no port left; `no-device`, `permission` or `unsupported` if the backend cannot
   * be used; `closed`.
   */
  bindUnbound(domid: number): EventChannel {
    checkDomid("bind", domid);
    return this.#bind((file) => file.bindUnbound(domid));
  }

  /**
   * Makes a channel that is bound to another domain's, which that domain made for this one by
   * {@linkcode EventChannels.bindUnbound}. Its first event has come at once, as the other end may have sent some before.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF).
   * @param remotePort The port of its channel.
   * @throws {RangeError} if a number is out of its bounds.
   * @throws {GrantError} `port-refused` if there is no such domain or port, or the port is not meant for this domain or bound
   * already; or as {@linkcode EventChannels.bindUnbound}.
   */
  bindInterdomain(domid: number, remotePort: number): EventChannel {
    checkDomid("bind", domid);
    checkPort("bind", "`remotePort`", remotePort);
    return this.#bind((file) => file.bindInterdomain(domid, remotePort));
  }

  /**
   * Makes a channel for events that Xen itself sends.
   *
   * @param virq Which ones: the number of a `VIRQ_*` in Xen's public headers, 0 to 23.
   * @throws {RangeError} if the number is out of its bounds.
   * @throws {GrantError} `port-refused` if these events go to another channel, or to the kernel; or as
   * {@linkcode EventChannels.bindUnbound}.
   */
  bindVirq(virq: number): EventChannel {
    checkInteger("bind", "`virq`", virq, 0, MAX_VIRQ);
    return this.#bind((file) => file.bindVirq(virq));
  }

  #bind(bind: (file: EventFile) => number): EventChannel {
    if (this.#closed) {
      throw new GrantError("Cannot bind as the event channels are closed: make others", {
        code: "closed",
        operation: "bind",
      });
    }
    return this.#calls.make("bind", () => {
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
    return {
      file,
      calls: this.#calls,
      pump: new EventPump(file, this.#calls, this.#channels),
      forget: ({ port }) => this.#channels.delete(port),
    };
  }

  /**
   * Unbinds all channels: whoever waits is told `closed`. Does nothing if they are closed.
   *
   * @throws {GrantError} if the system refuses. The channels are unbound all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#calls.checkIdle("close");
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.end();
    const owner = this.#owner;
    this.#owner = undefined;
    if (owner) this.#calls.make("close", () => owner.file.close());
  }

  /** Unbinds all channels, like {@linkcode EventChannels.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
