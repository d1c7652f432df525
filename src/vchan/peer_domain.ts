import { startTimer, stopTimer } from "../contract/event_loop.ts";
import type { GrantMapper } from "../maps/mapper.ts";
import type { XenStore } from "../xenstore/store.ts";

/** How often to ask for the domain while nothing says so, in milliseconds. */
const PERIOD = 10_000;

/** How to look for a domain. */
export interface PeerPlace {
  /** Its domid. */
  readonly domid: number;
  /** A reference that it has granted to this domain, if there is one. */
  readonly gref?: number | undefined;
  /** A node that it owns and this domain may read, if there is one. It goes with the domain. */
  readonly node?: string | undefined;
}

/**
 * Notices the end of the other domain. The shared page does not tell: the kernel that would clear the live byte is
 * gone, too.
 *
 * Domain 0 asks XenStore, whenever that says that any domain has ended. Another domain may not ask. It has Xen copy a
 * byte of a page of the other domain, which is refused with a status of its own if there is no such domain: when a node
 * of that domain has changed, and every ten seconds.
 */
export class PeerDomain {
  readonly #store: XenStore;
  readonly #mapper: GrantMapper;
  readonly #place: PeerPlace;
  readonly #period: number;
  readonly #byte = new Uint8Array(1);
  readonly #callbacks = new Set<() => void>();
  #stop: AbortController | undefined;
  #timer: ReturnType<typeof startTimer> | undefined;

  /** @param period How often to ask while nothing says so, in milliseconds. */
  constructor(store: XenStore, mapper: GrantMapper, place: PeerPlace, period: number = PERIOD) {
    this.#store = store;
    this.#mapper = mapper;
    this.#place = place;
    this.#period = period;
  }

  /** Calls back when the domain is gone. Returns a function that stops that. */
  whenGone(callback: () => void): () => void {
    this.#callbacks.add(callback);
    if (this.#stop === undefined) this.#begin();
    return () => {
      // Without a watch, the program may end.
      if (this.#callbacks.delete(callback) && this.#callbacks.size === 0) this.close();
    };
  }

  #begin(): void {
    const { signal } = this.#stop = new AbortController();
    this.#setTimer(signal);
    // If XenStore fails, the timer goes on.
    this.#watch(signal).catch(() => {});
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const node = await this.isPrivileged() ? "@releaseDomain" : this.#place.node;
    if (node === undefined || signal.aborted) return;
    for await (const _ of this.#store.watch(node, { signal })) await this.#look();
  }

  #setTimer(signal: AbortSignal): void {
    this.#timer = startTimer(async () => {
      await this.#look();
      if (!signal.aborted) this.#setTimer(signal);
    }, this.#period);
    (this.#timer as { unref?: () => unknown }).unref?.();
  }

  async #look(): Promise<void> {
    if (this.#callbacks.size === 0 || await this.isThere()) return;
    for (const callback of this.#callbacks) callback();
  }

  /** Whether XenStore tells this domain which others there are. */
  async isPrivileged(): Promise<boolean> {
    return await this.#isIntroduced() !== undefined;
  }

  /** Whether the domain is there, as far as this domain can know. */
  async isThere(): Promise<boolean> {
    return await this.#isIntroduced() ?? this.#hasPages();
  }

  async #isIntroduced(): Promise<boolean | undefined> {
    try {
      return await this.#store.isIntroduced(this.#place.domid);
    } catch {
      // It may not ask, or XenStore is lost.
      return undefined;
    }
  }

  #hasPages(): boolean {
    const { domid, gref = 0 } = this.#place;
    try {
      return this.#mapper.copy([{ from: { domid, gref }, to: this.#byte }])[0] !== "bad_domain";
    } catch {
      // The device cannot copy, and nothing else can tell.
      return true;
    }
  }

  /** Stops looking. */
  close(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    stopTimer(this.#timer);
  }
}
