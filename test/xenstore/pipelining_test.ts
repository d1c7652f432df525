/** Many requests at once: their order, their bound, and how they are given up. */
import { getEventListeners } from "node:events";
import { beforeEach, describe, expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";

const { READ } = StoreMessage;

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  store = await XenStore.open({ store: daemon });
});

/** Has the daemon answer no reads until the test does. */
const hold = () => daemon.answers.set(READ, () => undefined);
/** The reads that were sent, but for the first, by which the store was opened. */
const reads = () => daemon.sent.filter(({ type }) => type === READ).slice(1);

test("requests are sent at once, up to 16; others follow in order as replies come", async () => {
  hold();
  const results = Array.from({ length: 40 }, (_, index) => store.readNumber(`n${index}`));
  expect(reads().map(({ text }) => text)).toEqual(Array.from({ length: 16 }, (_, index) => `n${index}\0`));
  for (let index = 0; index < 40; index++) {
    daemon.reply(reads()[index]!, String(index));
    if (index % 7 === 0) await settle();
    expect(reads().length).toBeLessThanOrEqual(index + 1 + 16);
    while (reads().length <= index + 1 && index < 39) await settle(1);
  }
  expect(await Promise.all(results)).toEqual(Array.from({ length: 40 }, (_, index) => index));
  expect(reads().map(({ text }) => text)).toEqual(Array.from({ length: 40 }, (_, index) => `n${index}\0`));
});

test("no more requests are sent before a reply than the backend allows", async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = 1;
  store = await XenStore.open({ store: daemon });
  hold();
  const results = Array.from({ length: 5 }, (_, index) => store.readNumber(`n${index}`));
  for (let index = 0; index < 5; index++) {
    expect(reads().map(({ text }) => text)).toEqual(Array.from({ length: index + 1 }, (_, sent) => `n${sent}\0`));
    daemon.reply(reads()[index]!, String(index));
    await settle();
  }
  expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 4]);
});

test("a reply settles its request in a later turn, even if it has arrived when the next one is made", async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = 1;
  store = await XenStore.open({ store: daemon });
  daemon.nodes.set("a", "1");
  const { signal, abort } = withAbort();
  const results = [store.read("a", { signal }), store.read("a", { signal })];
  abort("given up");
  expect(await Promise.all(results.map(state))).toEqual(["given up", "given up"]);
});

test("a request is sent at once if the reply that it would wait for has arrived, and nobody wanted it", async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = 1;
  store = await XenStore.open({ store: daemon });
  daemon.nodes.set("a", "1");
  const { signal, abort } = withAbort();
  const given = store.read("a", { signal });
  abort("given up");
  await expect(given).rejects.toBe("given up");
  const read = store.readText("a");
  expect(reads()).toHaveLength(2);
  expect(await read).toBe("1");
});

/** A signal, and how to abort it. */
function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason: unknown) => controller.abort(reason) };
}

test("requests for whose replies nobody waits are all sent, also one after the other", async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = 1;
  store = await XenStore.open({ store: daemon });
  const watches = ["a", "b", "c"].map((path) => store.watch(path));
  for (const watch of watches) await watch.next();
  for (const watch of watches) watch.close();
  await settle();
  expect([daemon.count(StoreMessage.UNWATCH), daemon.waiting]).toEqual([3, false]);
});

test("requests for whose replies nobody waits are sent, also if others were not because of a late reply", async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = 1;
  store = await XenStore.open({ store: daemon }, { timeout: 20 });
  const watch = store.watch("a");
  await watch.next();
  hold();
  const late = [store.read("a"), store.read("b")];
  for (const result of await Promise.allSettled(late)) expect(result).toMatchObject({ reason: { code: "timed-out" } });
  const next = watch.next();
  daemon.reply(daemon.last(READ), "late");
  await settle();
  watch.close();
  await next;
  await settle();
  const controller = new AbortController();
  const other = store.watch("b");
  await other.next();
  const read = store.read("c", { signal: controller.signal });
  other.close();
  controller.abort("enough");
  await expect(read).rejects.toBe("enough");
  expect(daemon.waiting).toBe(true);
  daemon.reply(daemon.last(READ), "");
  await settle();
  expect([daemon.count(StoreMessage.UNWATCH), daemon.waiting]).toEqual([2, false]);
});

test("numbers of requests are never used twice at the same time, and never 0", async () => {
  hold();
  const results = Array.from({ length: 16 }, () => store.read("a"));
  const ids = reads().map(({ id }) => id);
  expect(new Set(ids).size).toBe(16);
  expect(ids).not.toContain(0);
  for (const request of reads()) daemon.reply(request, "");
  await Promise.all(results);
});

test("replies find their requests in any order", async () => {
  hold();
  const results = Array.from({ length: 16 }, (_, index) => store.readNumber(`n${index}`));
  for (const request of reads().reverse()) daemon.reply(request, /\d+/.exec(request.text)![0]);
  expect(await Promise.all(results)).toEqual(Array.from({ length: 16 }, (_, index) => index));
});

test("one refused request does not disturb the others", async () => {
  daemon.nodes.set("b", "2");
  const [a, b] = await Promise.allSettled([store.read("a"), store.readNumber("b")]);
  expect(a).toMatchObject({ status: "rejected", reason: { code: "not-found" } });
  expect(b).toEqual({ status: "fulfilled", value: 2 });
});

describe("an aborted request", () => {
  const reason = new Error("enough");

  test("is rejected with the signal's reason, and its reply is swallowed", async () => {
    hold();
    const controller = new AbortController();
    const aborted = store.read("a", { signal: controller.signal });
    const other = store.readText("b");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    for (const request of reads()) daemon.reply(request, "late");
    expect(await other).toBe("late");
    daemon.answers.clear();
    expect(await store.ownDomid()).toBe(1);
  });

  test("is not sent if it was aborted before, or while it waited for its turn", async () => {
    await expect(store.read("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    hold();
    const results = Array.from({ length: 16 }, () => store.read("a"));
    const controller = new AbortController();
    const queued = store.read("never", { signal: controller.signal });
    const behind = store.read("b");
    controller.abort(reason);
    await expect(queued).rejects.toBe(reason);
    for (const request of reads()) daemon.reply(request, "");
    await Promise.all(results);
    daemon.reply(reads().at(-1)!, "");
    await behind;
    expect(reads().map(({ text }) => text)).not.toContain("never\0");
  });

  test("keeps its place, so that the daemon never has more than 16", async () => {
    hold();
    const controller = new AbortController();
    const aborted = Array.from({ length: 16 }, () => store.read("a", { signal: controller.signal }));
    controller.abort(reason);
    await Promise.allSettled(aborted);
    const behind = store.readText("b");
    await settle();
    expect(reads().length).toBe(16);
    daemon.reply(reads()[3]!, "");
    await settle();
    expect(reads().length).toBe(17);
    daemon.reply(reads()[16]!, "b");
    expect(await behind).toBe("b");
  });

  test("leaves no listener on its signal once it is answered", async () => {
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 3 }, () => store.read("domid", { signal })));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("the time limit", () => {
  test("fails requests that the daemon does not answer, sent or not, and swallows late replies", async () => {
    const slow = new ScriptedStore();
    const limited = await XenStore.open({ store: slow }, { timeout: 20 });
    slow.answers.set(READ, () => undefined);
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => limited.read(`n${index}`)));
    for (const [index, result] of results.entries()) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "timed-out", path: `n${index}` } });
    }
    expect((results[0] as PromiseRejectedResult).reason.message).toBe(
      "Cannot read `n0`: the daemon has not answered within 20 ms. See whether it runs and whether this domain is " +
        "over a quota, or raise `timeout`.",
    );
    expect(slow.waiting).toBe(false);
    for (const request of slow.sent.slice(1)) slow.reply(request, "late");
    slow.answers.clear();
    expect(await limited.ownDomid()).toBe(1);
  });

  test("starts anew for each request", async () => {
    const slow = new ScriptedStore();
    const limited = await XenStore.open({ store: slow }, { timeout: 60 });
    for (let time = 0; time < 5; time++) {
      slow.answers.set(READ, (request) => {
        setTimeout(() => slow.reply(request, "1"), 25);
        return undefined;
      });
      expect(await limited.ownDomid()).toBe(1);
    }
  });

  test("does not count the time in which a request waits for its turn", async () => {
    const slow = new ScriptedStore();
    slow.maxInFlight = 1;
    const limited = await XenStore.open({ store: slow }, { timeout: 200 });
    slow.answers.set(READ, (request) => {
      setTimeout(() => slow.reply(request, "1"), 40);
      return undefined;
    });
    // 480 ms together.
    const results = await Promise.all(Array.from({ length: 12 }, () => limited.ownDomid()));
    expect(results).toEqual(Array.from({ length: 12 }, () => 1));
  });

  test("fails requests that wait behind one that is not answered, and says that they were not sent", async () => {
    const slow = new ScriptedStore();
    slow.maxInFlight = 1;
    const limited = await XenStore.open({ store: slow }, { timeout: 20 });
    slow.answers.set(READ, () => undefined);
    const overdue = limited.read("a");
    const results = [limited.read("b"), limited.write("c", "1")];
    await expect(overdue).rejects.toThrow("Cannot read `a`: the daemon has not answered within 20 ms.");
    await expect(results[0]).rejects.toMatchObject({
      code: "timed-out",
      operation: "read",
      path: "b",
      message:
        "Cannot read `b`: it was not sent, because the daemon has not answered earlier requests within 20 ms. Open " +
        "another XenStore, as this one sends nothing until they are answered, or raise `timeout`.",
    });
    await expect(results[1]).rejects.toMatchObject({ code: "timed-out", operation: "write" });
    // Later ones, too.
    await expect(limited.read("d")).rejects.toThrow("Cannot read `d`: it was not sent");
    expect([slow.waiting, slow.sent.length]).toEqual([false, 2]);
    // Until the answer comes.
    slow.answers.clear();
    const behind = limited.ownDomid();
    slow.reply(slow.last(READ), "late");
    expect(await behind).toBe(1);
    expect(slow.sent.map(({ text }) => text)).toEqual(["domid\0", "a\0", "domid\0"]);
  });

  test("of those that wait starts anew whenever one is sent", async () => {
    const slow = new ScriptedStore();
    const limited = await XenStore.open({ store: slow }, { timeout: 80 });
    slow.answers.set(READ, () => undefined);
    const lost = limited.read("lost");
    lost.catch(() => {});
    slow.answers.set(READ, (request) => {
      setTimeout(() => slow.reply(request, "1"), 10);
      return undefined;
    });
    const results = await Promise.all(Array.from({ length: 150 }, () => limited.ownDomid()));
    expect(results.length).toBe(150);
    await expect(lost).rejects.toMatchObject({ code: "timed-out" });
  });

  test("of opening fails, and closes the connection", async () => {
    const dead = new ScriptedStore();
    dead.answers.set(READ, () => undefined);
    await expect(XenStore.open({ store: dead }, { timeout: 10 })).rejects.toMatchObject({
      code: "timed-out",
      operation: "open",
    });
    expect([dead.closed, dead.waiting]).toEqual([1, false]);
  });
});

test("an aborted `XenStore.open()` closes the connection", async () => {
  const dead = new ScriptedStore();
  dead.answers.set(READ, () => undefined);
  const controller = new AbortController();
  const opening = XenStore.open({ store: dead }, { signal: controller.signal });
  controller.abort("enough");
  await expect(opening).rejects.toBe("enough");
  expect([dead.closed, dead.waiting]).toEqual([1, false]);
  await expect(XenStore.open({ store: dead }, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  expect(dead.count(READ)).toBe(1);
});

test("`XenStore.open()` needs no `domid`, only an answer", async () => {
  daemon.nodes.clear();
  using other = await XenStore.open({ store: daemon });
  await expect(other.ownDomid()).rejects.toMatchObject({ code: "not-found" });
});

describe("the backend waits", () => {
  test("only while a request is in flight for which somebody waits", async () => {
    expect(daemon.waiting).toBe(false);
    hold();
    const controller = new AbortController();
    const aborted = store.read("a", { signal: controller.signal });
    const other = store.read("b");
    expect(daemon.waiting).toBe(true);
    daemon.reply(reads()[1]!, "");
    await other;
    await settle();
    expect(daemon.waiting).toBe(true);
    controller.abort();
    await expect(aborted).rejects.toThrow();
    expect(daemon.waiting).toBe(false);
    expect(await state(store.ownDomid())).toBe("waiting");
    expect(daemon.waiting).toBe(true);
  });

  test("once for each reply that comes alone", async () => {
    const before = daemon.waits;
    for (let time = 0; time < 10; time++) await store.ownDomid();
    expect(daemon.waits - before).toBe(10);
  });
});
