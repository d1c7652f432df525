/** The two sides of a disk, as Linux's xen-blkback and xen-blkfront play the dance of states. They exchange no data. */
import type { MockXen } from "../../backends/mock.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

export const ID = 51728;
export const FRONT = `/local/domain/1/device/vbd/${ID}`;
export const BACK = `/local/domain/0/backend/vbd/1/${ID}`;
export const PLACE = { kind: "vbd", id: ID, frontend: 1, backend: 0 };

/** Follows the state of one side and answers with that of the other, as a kernel does. */
export class KernelSide {
  /** The states of the other side that it has seen, and its own, in order: "F1", "B2". */
  readonly log: string[] = [];
  readonly store: XenStore;
  readonly #other: string;
  readonly #react: (side: KernelSide, state: string) => Promise<void> | void;
  readonly #watch: AbortController = new AbortController();
  readonly #own: string;
  state = "1";
  online = true;

  constructor(
    store: XenStore,
    own: string,
    other: string,
    react: (side: KernelSide, state: string) => Promise<void> | void,
  ) {
    this.store = store;
    this.#own = own;
    this.#other = other;
    this.#react = react;
    this.#follow().catch((error) => {
      if (!this.#watch.signal.aborted) throw error;
    });
  }

  async #follow(): Promise<void> {
    const { signal } = this.#watch;
    for await (const _ of this.store.watch(`${this.#other}/state`, { signal })) {
      const state = await this.store.readText(`${this.#other}/state`).catch(() => "0");
      this.#note(`${this.#other === FRONT ? "F" : "B"}${state}`);
      await this.#react(this, state);
    }
  }

  #note(step: string): void {
    if (this.log.findLast(([side]) => side === step[0]) !== step) this.log.push(step);
  }

  async go(state: string, nodes: Record<string, string> = {}): Promise<void> {
    if (state === this.state && Object.keys(nodes).length === 0) return;
    this.state = state;
    this.#note(`${this.#own === FRONT ? "F" : "B"}${state}`);
    await this.store.transaction(async (transaction) => {
      await transaction.read(`${this.#own}/state`);
      for (const [name, value] of Object.entries(nodes)) await transaction.write(`${this.#own}/${name}`, value);
      await transaction.write(`${this.#own}/state`, state);
    });
  }

  close(): void {
    this.#watch.abort();
    this.store.close();
  }
}

/** A backend like xen-blkback, which is probed at once. */
export async function kernelBackend(xen: MockXen): Promise<KernelSide> {
  const store = await XenStore.open(xen.domain(0));
  const side = new KernelSide(store, BACK, FRONT, async (side, state) => {
    if (state === "1") {
      if (side.state === "6" || side.state === "1") await side.go("2");
    } else if (state === "3" || state === "4") {
      if (side.state !== "4") await side.go("4", { sectors: "2048" });
    } else if (state === "5") await side.go("5");
    else if (state === "6") await side.go("6");
  });
  return side;
}

/** A frontend like xen-blkfront. */
export async function kernelFrontend(xen: MockXen): Promise<KernelSide> {
  const store = await XenStore.open(xen.domain(1));
  return new KernelSide(store, FRONT, BACK, async (side, state) => {
    if (state === "2") {
      if (side.state === "1") await side.go("3", { "ring-ref": "8", "event-channel": "1" });
    } else if (state === "4") await side.go("4");
    else if (state === "5") {
      if (side.state !== "6") await side.go("6");
    }
  });
}
