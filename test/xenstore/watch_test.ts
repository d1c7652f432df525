/** Watches: when they begin and end, and what they say. */
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";

const { READ, WATCH, UNWATCH } = StoreMessage;
const DONE = { value: undefined, done: true };

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  store = await XenStore.open({ store: daemon });
});

/** What comes of an iterator without waiting. */
async function arrived(watch: AsyncIterator<string>): Promise<string[]> {
  const paths: string[] = [];
  await settle();
  for (let next = watch.next(); await state(next) === "done"; next = watch.next()) paths.push((await next).value!);
  return paths;
}

test("`watch()` begins with the first `next()`, and ends with the loop", async () => {
  const watch = store.watch("data");
  expect(daemon.count(WATCH)).toBe(0);
  const paths: string[] = [];
  for await (const path of watch) {
    paths.push(path);
    if (paths.length === 3) break;
    daemon.set(`data/${paths.length}`, "x");
  }
  expect(paths).toEqual(["data", "data/1", "data/2"]);
  expect(daemon.last(WATCH).text).toBe("data\x001\0");
  expect(daemon.last(UNWATCH).text).toBe("data\x001\0");
  expect(watch.closed).toBe(true);
  expect(await watch.next()).toEqual(DONE);
});

test("each watch has a token of its own, also on the same path", async () => {
  const [a, b] = [store.watch("a"), store.watch("a")];
  await Promise.all([a.next(), b.next()]);
  expect([...daemon.watches]).toEqual([["1", "a"], ["2", "a"]]);
  const next = [a.next(), b.next()];
  daemon.fire("a");
  expect(await Promise.all(next)).toEqual([{ value: "a", done: false }, { value: "a", done: false }]);
  a.close();
  const last = b.next();
  daemon.fire("a");
  expect((await last).value).toBe("a");
});

describe("events", () => {
  test("of the same path count as one until somebody takes them", async () => {
    const watch = store.watch("data");
    await watch.next();
    for (let time = 0; time < 10; time++) daemon.fire("data/a");
    daemon.fire("data/b");
    daemon.fire("data/a");
    await store.ownDomid();
    expect([(await watch.next()).value, (await watch.next()).value]).toEqual(["data/a", "data/b"]);
    expect(await state(watch.next())).toBe("waiting");
  });

  test("that arrive together count as one for somebody who waits", async () => {
    const watch = store.watch("data");
    await watch.next();
    const next = watch.next();
    for (let time = 0; time < 10; time++) daemon.fire("data/a");
    expect((await next).value).toBe("data/a");
    expect(await state(watch.next())).toBe("waiting");
  });

  test("of too many paths become one of the watched path", async () => {
    const watch = store.watch("data");
    await watch.next();
    for (let index = 0; index < 1000; index++) daemon.fire(`data/${index}`);
    await store.ownDomid();
    const paths = await arrived(watch);
    expect(paths[0]).toBe("data");
    expect(paths.length).toBeLessThanOrEqual(64);
  });

  test("of up to 64 paths are kept, and one more makes them one of the watched path", async () => {
    const watch = store.watch("data");
    await watch.next();
    const paths = Array.from({ length: 65 }, (_, index) => `data/${index}`);
    for (const path of paths.slice(0, 64)) daemon.fire(path);
    // One that is kept already is no more.
    daemon.fire("data/0");
    expect(await arrived(watch)).toEqual(paths.slice(0, 64));
    watch.close();
    const other = store.watch("data");
    await other.next();
    for (const path of paths) daemon.fire(path);
    await store.ownDomid();
    expect(await arrived(other)).toEqual(["data"]);
  });

  test("are given to calls of `next()` in order", async () => {
    const watch = store.watch("data");
    const next = [watch.next(), watch.next(), watch.next()];
    await settle();
    daemon.fire("data/a");
    daemon.fire("data/b");
    expect((await Promise.all(next)).map(({ value }) => value)).toEqual(["data", "data/a", "data/b"]);
  });

  test("that come after the end are dropped", async () => {
    const watch = store.watch("data");
    await watch.next();
    const next = watch.next();
    watch.close();
    daemon.event("data", "1");
    expect(await next).toEqual(DONE);
    expect(await store.ownDomid()).toBe(1);
  });

  test("of the whole machine come by their names", async () => {
    const watch = store.watch("@releaseDomain");
    expect((await watch.next()).value).toBe("@releaseDomain");
  });
});

test("the backend waits while an iterator does, and not for a watch alone", async () => {
  const watch = store.watch("a");
  await watch.next();
  expect(daemon.waiting).toBe(false);
  daemon.fire("a");
  await settle();
  const next = watch.next();
  expect(daemon.waiting).toBe(true);
  await next;
  await settle();
  expect(daemon.waiting).toBe(false);
  const last = watch.next();
  expect(daemon.waiting).toBe(true);
  await watch.return();
  expect(await last).toEqual(DONE);
  expect(daemon.waiting).toBe(false);
});

describe("a watch ends", () => {
  test("by `close()`, by `using` and by `await using`, once", async () => {
    const closed = store.watch("a");
    await closed.next();
    closed.close();
    closed.close();
    {
      using watch = store.watch("b");
      await watch.next();
    }
    {
      await using watch = store.watch("c");
      await watch.next();
    }
    expect(daemon.count(UNWATCH)).toBe(3);
    await settle();
  });

  test("without a request if it never began", async () => {
    const watch = store.watch("a");
    watch.close();
    expect(await watch.next()).toEqual(DONE);
    expect(daemon.count(WATCH) + daemon.count(UNWATCH)).toBe(0);
  });

  test("by its signal, whose reason is thrown once", async () => {
    const controller = new AbortController();
    const watch = store.watch("a", { signal: controller.signal });
    await watch.next();
    const next = [watch.next(), watch.next()];
    controller.abort("enough");
    await expect(next[0]).rejects.toBe("enough");
    expect(await next[1]).toEqual(DONE);
    expect(daemon.count(UNWATCH)).toBe(1);
    expect(daemon.waiting).toBe(false);
  });

  test("by a signal that was aborted before it began, or while nobody waited", async () => {
    const before = store.watch("a", { signal: AbortSignal.abort("enough") });
    await expect(before.next()).rejects.toBe("enough");
    expect(await before.next()).toEqual(DONE);
    expect(daemon.count(WATCH)).toBe(0);
    const controller = new AbortController();
    const watch = store.watch("a", { signal: controller.signal });
    await watch.next();
    controller.abort("later");
    await expect(watch.next()).rejects.toBe("later");
    expect(await watch.next()).toEqual(DONE);
  });

  test("and leaves no listener on its signal", async () => {
    const { signal } = new AbortController();
    for await (const _ of store.watch("a", { signal })) break;
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("by a refusal, without taking back what was not given", async () => {
    daemon.answers.set(WATCH, () => ({ error: "E2BIG" }));
    const watch = store.watch("a");
    await expect(watch.next()).rejects.toMatchObject({ code: "quota", operation: "watch", path: "a" });
    expect(await watch.next()).toEqual(DONE);
    expect(daemon.count(UNWATCH)).toBe(0);
  });

  test("if the daemon does not answer, and is taken back in case it does", async () => {
    const slow = new ScriptedStore();
    const limited = await XenStore.open({ store: slow }, { timeout: 10 });
    slow.answers.set(WATCH, () => undefined);
    await expect(limited.watch("a").next()).rejects.toMatchObject({ code: "timed-out" });
    expect(slow.count(UNWATCH)).toBe(1);
  });

  test("even if the daemon refuses to end it", async () => {
    daemon.answers.set(UNWATCH, () => ({ error: "ENOENT" }));
    for await (const _ of store.watch("a")) break;
    expect(await store.ownDomid()).toBe(1);
  });

  test("in the order of the calls, also if its end waits for its turn", async () => {
    daemon.answers.set(READ, () => undefined);
    const reads = Array.from({ length: 15 }, () => store.read("a"));
    daemon.answers.set(WATCH, () => undefined);
    const watch = store.watch("a");
    const next = watch.next();
    watch.close();
    expect(await next).toEqual(DONE);
    for (const request of daemon.sent.slice(1)) daemon.reply(request, "");
    await Promise.all(reads);
    daemon.answers.clear();
    await store.ownDomid();
    expect(daemon.sent.slice(16).map(({ type }) => type)).toEqual([WATCH, UNWATCH, READ]);
  });

  test("without a request if it still waited for its turn", async () => {
    daemon.answers.set(READ, () => undefined);
    const reads = Array.from({ length: 16 }, () => store.read("a"));
    const watch = store.watch("a");
    const next = watch.next();
    watch.close();
    expect(await next).toEqual(DONE);
    for (const request of daemon.sent.slice(1)) daemon.reply(request, "");
    await Promise.all(reads);
    daemon.answers.clear();
    await store.ownDomid();
    expect(daemon.sent.slice(17).map(({ type }) => type)).toEqual([READ]);
  });
});

test("a watch is shown with its path", () => {
  expect(inspect(store.watch("a"))).toBe("StoreWatch { path: 'a', closed: false }");
});

describe("events that nobody iterates over", () => {
  test("are taken from time to time, so that they do not pile up at the daemon", async () => {
    const watch = store.watch("data");
    await watch.next();
    for (let index = 0; index < 20_000; index++) daemon.fire("data/a");
    await expect.poll(() => daemon.unread, { timeout: 5000 }).toBe(0);
    expect(daemon.waiting).toBe(false);
    expect(await arrived(watch)).toEqual(["data/a"]);
  });

  test("stay where they are once the last watch has ended", async () => {
    const [a, b] = [store.watch("data"), store.watch("data")];
    await Promise.all([a.next(), b.next()]);
    a.close();
    await store.ownDomid();
    daemon.fire("data/a");
    await expect.poll(() => daemon.unread).toBe(0);
    b.close();
    await store.ownDomid();
    daemon.event("data/a", "2");
    const { unread } = daemon;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(daemon.unread).toBe(unread);
    expect(unread).toBeGreaterThan(0);
  });

  test("tell of a lost connection", async () => {
    const watch = store.watch("data");
    await watch.next();
    daemon.hangUp();
    await expect.poll(() => store.closed).toBe(true);
    expect(watch.closed).toBe(true);
    await expect(watch.next()).rejects.toMatchObject({ code: "disconnected" });
  });
});
