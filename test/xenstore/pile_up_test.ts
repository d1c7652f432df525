/** A peer that writes to a watched node again and again does not fill the memory of the other side. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/store_backend.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

/** Counts the bytes that are taken from a backend. */
class Counted implements StoreBackend {
  readonly name = "counted";
  readonly #inner: StoreBackend;
  taken = 0;

  constructor(inner: StoreBackend) {
    this.#inner = inner;
  }

  open(): StoreConnection {
    const inner = this.#inner.open();
    return {
      maxPayload: inner.maxPayload,
      maxInFlight: inner.maxInFlight,
      send: (message) => inner.send(message),
      receive: (bytes) => {
        const size = inner.receive(bytes);
        this.taken += size;
        return size;
      },
      whenReadable: (callback) => inner.whenReadable(callback),
      close: () => inner.close(),
    };
  }
}

test.each(["xenstored", "oxenstored"] as const)(
  "with %s, events over which nobody iterates are taken",
  async (daemon) => {
    const xen = new MockXen({ store: { daemon } });
    const counted = new Counted(xen.domain(1).store);
    using store = await XenStore.open({ store: counted });
    using peer = await XenStore.open(xen.domain(0));
    const watch = store.watch("data");
    await watch.next();
    const before = counted.taken;
    for (let round = 0; round < 2000; round++) await peer.write(`/local/domain/1/data/${round % 3}`, round);
    // Each event has a header of 16 bytes, `data/0`, and the token of the watch.
    await expect.poll(() => counted.taken - before).toBe(2000 * (16 + "data/0\0".length + "1\0".length));
    const paths = [await watch.next(), await watch.next(), await watch.next()].map(({ value }) => value!);
    expect(paths.sort()).toEqual(["data/0", "data/1", "data/2"]);
  },
);
