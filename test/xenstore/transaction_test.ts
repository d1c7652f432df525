/** Transactions: what they send, and how they are repeated and aborted. */
import { inspect } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { type StoreTransaction, XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";

const { READ, TRANSACTION_START, TRANSACTION_END } = StoreMessage;

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  store = await XenStore.open({ store: daemon });
});

/** The transactions and payloads of the ends that were sent. */
const ends = () =>
  daemon.sent.filter(({ type }) => type === TRANSACTION_END).map(({ transaction, text }) => [transaction, text]);
/** Has the first ends answer with an error. */
const conflictFor = (times: number) =>
  daemon.answers.set(TRANSACTION_END, ({ text }) => text === "T\0" && times-- > 0 ? { error: "EAGAIN" } : "OK\0");

test("`transaction()` starts one, makes all requests in it, commits, and returns what the function does", async () => {
  daemon.nodes.set("a", "1");
  const result = await store.transaction(async (transaction) => {
    await transaction.write("a", await transaction.readNumber("a") + 1);
    await Promise.allSettled([
      transaction.read("a"),
      transaction.readText("a"),
      transaction.mkdir("b"),
      transaction.remove("b"),
      transaction.list("b"),
      transaction.permissions("b"),
      transaction.setPermissions("b", [{ domid: 0, access: "none" }]),
    ]);
    return "result";
  });
  expect(result).toBe("result");
  const [, start, ...others] = daemon.sent;
  expect(start).toMatchObject({ type: TRANSACTION_START, transaction: 0, text: "\0" });
  expect(others.map(({ transaction }) => transaction)).toEqual(others.map(() => 1));
  expect(others.length).toBe(10);
  expect(ends()).toEqual([[1, "T\0"]]);
});

test("what the function is given is shown with its number", async () => {
  expect(await store.transaction((transaction) => inspect(transaction))).toBe("StoreTransaction { transaction: 1 }");
});

test("a function that returns no promise is fine", async () => {
  expect(await store.transaction(() => 5)).toBe(5);
});

describe("a conflict", () => {
  test.each([1, 2, 15])("%i times runs the function again", async (times) => {
    conflictFor(times);
    let runs = 0;
    expect(await store.transaction(() => ++runs)).toBe(times + 1);
    expect(ends()).toEqual(Array.from({ length: times + 1 }, (_, index) => [index + 1, "T\0"]));
  });

  test("as often as it is tried fails with `conflict`", async () => {
    conflictFor(Infinity);
    let runs = 0;
    await expect(store.transaction(() => void runs++, { attempts: 3 })).rejects.toMatchObject({
      code: "conflict",
      reason: "EAGAIN",
      message:
        "Cannot end a transaction: it conflicted with other changes, 3 times. Touch fewer nodes in it, or raise " +
        "`attempts`.",
    });
    expect(runs).toBe(3);
    await expect(store.transaction(() => void runs++)).rejects.toMatchObject({ code: "conflict" });
    expect(runs).toBe(3 + 16);
  });

  test("in the function itself is the function's failure", async () => {
    daemon.answers.set(READ, () => ({ error: "EAGAIN" }));
    await expect(store.transaction((transaction) => transaction.read("a"))).rejects.toMatchObject({ code: "conflict" });
    expect(ends()).toEqual([[1, "F\0"]]);
  });

  test("can be given up in the pause before the next attempt", async () => {
    conflictFor(Infinity);
    const controller = new AbortController();
    const run = store.transaction(() => {}, { signal: controller.signal, attempts: 1000 });
    await settle(20);
    controller.abort("enough");
    await expect(run).rejects.toBe("enough");
    conflictFor(0);
    expect(await store.transaction(() => 5)).toBe(5);
  });
});

describe("a transaction is aborted", () => {
  test("if its function throws or rejects, with that error", async () => {
    const error = new Error("planned");
    await expect(store.transaction(() => {
      throw error;
    })).rejects.toBe(error);
    await expect(store.transaction(() => Promise.reject(error))).rejects.toBe(error);
    expect(ends()).toEqual([[1, "F\0"], [2, "F\0"]]);
  });

  test("by its signal, at once, with all that it does", async () => {
    const controller = new AbortController();
    let inside: Promise<unknown> | undefined;
    daemon.answers.set(READ, () => undefined);
    const run = store.transaction(async (transaction) => {
      inside = transaction.read("a");
      await inside.catch(() => {});
      await new Promise(() => {});
    }, { signal: controller.signal });
    await settle();
    controller.abort("enough");
    await expect(run).rejects.toBe("enough");
    await expect(inside).rejects.toBe("enough");
    expect(ends()).toEqual([[1, "F\0"]]);
    await expect(store.transaction(() => {}, { signal: controller.signal })).rejects.toBe("enough");
  });

  test("if it starts after it was given up", async () => {
    daemon.answers.set(TRANSACTION_START, () => undefined);
    const controller = new AbortController();
    const run = store.transaction(() => {}, { signal: controller.signal });
    await settle();
    controller.abort("enough");
    await expect(run).rejects.toBe("enough");
    daemon.reply(daemon.last(TRANSACTION_START), "9\0");
    await store.ownDomid();
    expect(ends()).toEqual([[9, "F\0"]]);
  });

  test("if it starts late and its end waits for its turn, while others wait for replies", async () => {
    const device = new ScriptedStore();
    device.maxInFlight = 1;
    using other = await XenStore.open({ store: device });
    device.answers.set(TRANSACTION_START, () => undefined);
    const controller = new AbortController();
    const run = other.transaction(() => {}, { signal: controller.signal });
    await settle();
    const behind = other.ownDomid();
    controller.abort("enough");
    await expect(run).rejects.toBe("enough");
    device.reply(device.last(TRANSACTION_START), "9\0");
    expect(await behind).toBe(1);
    await settle();
    expect(device.last(TRANSACTION_END)).toMatchObject({ transaction: 9, text: "F\0" });
    expect([other.closed, device.waiting]).toEqual([false, false]);
  });

  test("even if the daemon then says that it has none", async () => {
    daemon.answers.set(TRANSACTION_END, () => ({ error: "ENOENT" }));
    await expect(store.transaction(() => Promise.reject("planned"))).rejects.toBe("planned");
    await expect(store.transaction(() => {})).rejects.toMatchObject({ code: "not-found", reason: "ENOENT" });
  });
});

test("a signal has no effect once the transaction is being committed", async () => {
  daemon.answers.set(TRANSACTION_END, () => undefined);
  const controller = new AbortController();
  const run = store.transaction(() => 5, { signal: controller.signal });
  await settle();
  controller.abort("late");
  daemon.reply(daemon.last(TRANSACTION_END), "OK\0");
  expect(await run).toBe(5);
});

test("a commit that is not answered may have happened", async () => {
  const slow = new ScriptedStore();
  const limited = await XenStore.open({ store: slow }, { timeout: 10 });
  slow.answers.set(TRANSACTION_END, () => undefined);
  await expect(limited.transaction(() => {})).rejects.toThrow("Whether it was committed is unknown.");
  // If it has not been committed, it does not stay open.
  expect(slow.last(TRANSACTION_END)).toMatchObject({ transaction: 1, text: "F\0" });
});

test("what was given to the function cannot be used after its end", async () => {
  let kept: StoreTransaction | undefined;
  await store.transaction((transaction) => void (kept = transaction));
  const count = daemon.sent.length;
  const failure = { code: "closed", path: "a" };
  await expect(kept!.read("a")).rejects.toMatchObject({
    ...failure,
    message: "Cannot read `a`: the transaction has ended. Await each call inside of its function.",
  });
  for (const call of ["readText", "readNumber", "mkdir", "remove", "list", "permissions"] as const) {
    await expect(kept![call]("a")).rejects.toMatchObject(failure);
  }
  await expect(kept!.write("a", 1)).rejects.toMatchObject(failure);
  await expect(kept!.setPermissions("a", [{ domid: 0, access: "none" }])).rejects.toMatchObject(failure);
  await expect(kept!.read(5 as never)).rejects.toMatchObject({ code: "closed" });
  expect(daemon.sent.length).toBe(count);
  await store.transaction((transaction) => {
    kept = transaction;
    throw "planned";
  }).catch(() => {});
  await expect(kept!.read("a")).rejects.toMatchObject(failure);
});

describe("transactions of one store", () => {
  test("run one after the other, in the order of the calls", async () => {
    const log: string[] = [];
    const run = (name: string) =>
      store.transaction(async (transaction) => {
        log.push(`${name} begins`);
        await transaction.readNumber("domid");
        await settle(3);
        log.push(`${name} ends`);
      });
    await Promise.all(["a", "b", "c"].map(run));
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  test("that wait for their turn can be given up", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = store.transaction(() => promise);
    const controller = new AbortController();
    const second = store.transaction(() => expect.unreachable(), { signal: controller.signal });
    const third = store.transaction(() => 3);
    await settle();
    controller.abort("enough");
    await expect(second).rejects.toBe("enough");
    expect(await state(third)).toBe("waiting");
    resolve();
    await first;
    expect(await third).toBe(3);
  });

  test("hand the turn on if it comes to one that has just been given up", async () => {
    const controller = new AbortController();
    const first = store.transaction(() => {});
    const second = store.transaction(() => {}, { signal: controller.signal });
    const third = store.transaction(() => 3);
    const done = first.then(() => controller.abort("enough"));
    await Promise.allSettled([second, done]);
    expect(await third).toBe(3);
  });

  test("fail with `timed-out` if one inside of another waits for itself", async () => {
    const impatient = await XenStore.open({ store: daemon }, { timeout: 20 });
    const run = impatient.transaction(() => impatient.transaction(() => {}));
    await expect(run).rejects.toMatchObject({ code: "timed-out", operation: "start a transaction" });
    expect(await impatient.transaction(() => 5)).toBe(5);
  });

  test("fail with `closed` when the store is closed, also those that wait for their turn", async () => {
    const runs = [store.transaction(() => new Promise(() => {}))];
    runs.push(store.transaction(() => {}), store.transaction(() => {}));
    await settle();
    store.close();
    const results = await Promise.allSettled(runs);
    for (const result of results) expect(result).toMatchObject({ status: "rejected", reason: { code: "closed" } });
    await expect(runs[0]).rejects.toMatchObject({
      operation: "end a transaction",
      message: "Cannot end a transaction: the XenStore was closed. Open another one.",
    });
    await expect(store.transaction(() => {})).rejects.toMatchObject({ code: "closed" });
  });

  test("fail with `disconnected` when the connection is lost, also those that wait for their turn", async () => {
    const runs = [store.transaction(() => new Promise(() => {}))];
    runs.push(store.transaction(() => {}), store.transaction(() => {}));
    await settle();
    await settle();
    daemon.hangUp();
    for (const result of await Promise.allSettled(runs)) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "disconnected" } });
    }
    await expect(runs[1]).rejects.toMatchObject({ operation: "start a transaction" });
  });

  test("fail with what the function throws when a request of it fails with `closed`", async () => {
    daemon.answers.set(READ, () => undefined);
    const run = store.transaction(async (transaction) => {
      await transaction.read("a").catch(() => {});
      throw new Error("planned");
    });
    await settle();
    store.close();
    await expect(run).rejects.toThrow("planned");
  });

  test("fail with `closed` in the pause before another attempt", async () => {
    conflictFor(Infinity);
    const run = store.transaction(() => {}, { attempts: 1000 });
    await settle(20);
    store.close();
    await expect(run).rejects.toMatchObject({ code: "closed" });
  });
});
