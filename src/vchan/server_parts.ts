import type { XenDomain } from "../contract/domain.ts";
import { EventChannels } from "../events/event_channels.ts";
import type { GrantAllocator } from "../grants/allocator.ts";
import { GrantDevice } from "../grants/device.ts";
import { GrantMapper } from "../maps/mapper.ts";
import { runAll } from "../shared/run_all.ts";
import { XenStore } from "../xenstore/store.ts";
import { PeerDomain } from "./peer_domain.ts";

/** The backends that a server needs. */
type ServerDomain = Pick<XenDomain, "grants" | "maps" | "events" | "store">;

/** What a server and its connections use. The last one that lets go of it closes it. */
export class ServerParts {
  readonly store: XenStore;
  readonly events: EventChannels;
  readonly allocator: GrantAllocator;
  readonly peer: PeerDomain;
  readonly #device: GrantDevice;
  readonly #mapper: GrantMapper;
  #users = 1;

  private constructor(domain: ServerDomain, client: number, core: WebAssembly.Module | undefined, store: XenStore) {
    this.store = store;
    this.events = new EventChannels(domain);
    this.#mapper = new GrantMapper(domain);
    this.#device = new GrantDevice(domain, { core });
    this.allocator = this.#device.open();
    this.peer = new PeerDomain(store, this.#mapper, { domid: client });
  }

  /** Opens them. Whoever calls this lets go of them once. */
  static async open(
    domain: ServerDomain,
    client: number,
    core: WebAssembly.Module | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ServerParts> {
    const store = await XenStore.open(domain, { signal });
    try {
      return new ServerParts(domain, client, core, store);
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** One more uses them. */
  hold(): void {
    this.#users++;
  }

  /** One fewer uses them. */
  letGo(): void {
    if (--this.#users > 0) return;
    runAll(
      () => this.peer.close(),
      () => this.#device.close(),
      () => this.#mapper.close(),
      () => this.events.close(),
      () => this.store.close(),
    );
  }
}
