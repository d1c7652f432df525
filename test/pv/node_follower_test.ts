/** Following a node of a device: what waits are told, and that they leave nothing. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { makeNodes } from "../../src/pv/device_nodes.ts";
import { NodeFollower } from "../../src/pv/node_follower.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { turns } from "../vchan/support.ts";

async function follow() {
  const xen = new MockXen();
  const store = await XenStore.open(xen.domain(1));
  await store.write("data/x", "1");
  const follower = new NodeFollower(store, makeNodes(store, "/local/domain/1/data"), "x", (text) => text);
  return { xen, store, follower };
}

test("the last look counts for a wait, and each look is told once", async () => {
  const { xen, store, follower } = await follow();
  expect([follower.value, follower.looks]).toEqual([undefined, 0]);
  expect(await follower.until((text) => text === "1", undefined)).toBe("1");
  expect(await follower.until((text) => text === "1", undefined)).toBe("1");
  const next = follower.next(undefined);
  const two = follower.until((text) => text === "2", undefined);
  await store.write("data/x", "1");
  expect(await next).toBe("1");
  await store.write("data/x", "2");
  expect(await two).toBe("2");
  expect(follower.looks).toBe(3);
  const gone = follower.until((text) => text === undefined, undefined);
  await store.remove("data/x");
  expect(await gone).toBe(undefined);
  follower.close("closed");
  store.close();
  xen.assertClean();
});

test("what a test throws ends its wait, at once or later", async () => {
  const { xen, store, follower } = await follow();
  const refuse = () => {
    throw new RangeError("no");
  };
  await expect(follower.until(refuse, undefined)).rejects.toThrow("no");
  await expect(follower.until(refuse, undefined)).rejects.toThrow("no");
  follower.close("closed");
  await expect(follower.until(() => true, undefined)).rejects.toBe("closed");
  await expect(follower.next(undefined)).rejects.toBe("closed");
  store.close();
  xen.assertClean();
});

test("a signal ends a wait, also if it was aborted before, and nothing listens to it afterwards", async () => {
  const { xen, store, follower } = await follow();
  await turns();
  const listening = new Set<unknown>();
  const stop = new AbortController();
  const { signal } = stop;
  // A signal of another realm is used by its own methods.
  const spied = Object.setPrototypeOf({
    get aborted() {
      return signal.aborted;
    },
    get reason() {
      return signal.reason;
    },
    addEventListener(_: string, listener: () => void) {
      listening.add(listener);
      signal.addEventListener("abort", listener);
    },
    removeEventListener(_: string, listener: () => void) {
      listening.delete(listener);
      signal.removeEventListener("abort", listener);
    },
  }, null) as AbortSignal;
  const next = follower.next(spied);
  expect(listening.size).toBe(1);
  await store.write("data/x", "2");
  await next;
  expect(listening.size).toBe(0);
  const waits = [follower.next(spied), follower.until(() => false, spied)].map((wait) =>
    expect(wait).rejects.toBe("over")
  );
  expect(listening.size).toBe(2);
  stop.abort("over");
  await Promise.all(waits);
  expect(listening.size).toBe(0);
  await expect(follower.until(() => true, spied)).rejects.toBe("over");
  await expect(follower.next(spied)).rejects.toBe("over");
  follower.close("closed");
  store.close();
  xen.assertClean();
});
