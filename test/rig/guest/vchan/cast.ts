/** The peers that most tests share: to start one takes seconds. */

import { type Domu, startDomu } from "../domu.ts";
import { type Make, type Peer, startPeer, startPeerIn } from "../peers.ts";

/** Where a peer runs. */
export type Place = "dom0" | "domU";

export class Cast {
  readonly #peers = new Map<string, Promise<Peer>>();
  #domu: Domu | undefined;

  /** Boots the domU. */
  async boot(): Promise<void> {
    this.#domu = await startDomu("main");
  }

  get domu(): Domu {
    if (!this.#domu) throw new Error("the domU has not booted");
    return this.#domu;
  }

  /** Returns the peer of a make in a place. It is started when it is first asked for. */
  peer(make: Make, place: Place): Promise<Peer> {
    const key = `${make} in ${place}`;
    const known = this.#peers.get(key);
    if (known) return known;
    const started = this.start(make, place);
    this.#peers.set(key, started);
    return started;
  }

  /** Starts a peer that a test has for itself. */
  async start(make: Make, place: Place): Promise<Peer> {
    return place === "dom0" ? startPeer(make, 0) : await startPeerIn(this.domu, make);
  }

  /** Ends all shared peers. Each must close everything and end by itself. */
  async end(): Promise<void> {
    for (const peer of this.#peers.values()) await (await peer).end();
    this.#peers.clear();
  }
}
