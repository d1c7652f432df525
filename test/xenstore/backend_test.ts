/** Backends that break their contract, and connections that are lost or closed at any moment. */
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { StoreConnection } from "../../src/contract/store_backend.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { StoreError, type StoreErrorCode, XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";

const { READ, WATCH, TRANSACTION_START, TRANSACTION_END } = StoreMessage;

/** Opens a store on a connection with some methods replaced, once it is open. */
async function broken(
  replace: (connection: StoreConnection, daemon: ScriptedStore) => Partial<StoreConnection>,
): Promise<[XenStore, ScriptedStore]> {
  const daemon = new ScriptedStore();
  let connection: StoreConnection;
  const store = await XenStore.open({ store: { name: "broken", open: () => connection = daemon.open() } });
  Object.assign(connection!, replace({ ...connection! }, daemon));
  return [store, daemon];
}

const planned = () => {
  throw new Error("planned");
};

const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(async () => {
  await settle();
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

describe("opening fails if the backend", () => {
  const opening = (open: () => unknown) => XenStore.open({ store: { name: "broken", open: open as never } });

  test("refuses, with its error", async () => {
    const error = new StoreError("no", { code: "no-device", operation: "open" });
    await expect(opening(() => {
      throw error;
    })).rejects.toBe(error);
  });

  test.each<[string, () => unknown, string]>([
    ["throws something", planned, "the backend broken failed: planned."],
    ["throws no error", () => {
      throw 5;
    }, "the backend broken failed: 5."],
    ["returns nothing", () => undefined, "has no method `send`"],
    ["returns too little", () => ({ send() {}, receive() {}, close() {} }), "has no method `whenReadable`"],
    [
      "takes no requests",
      () => Object.assign(new ScriptedStore().open(), { maxPayload: 100 }),
      "`maxPayload` must be a whole number from 2112: it is 100",
    ],
    [
      "does not say what it takes",
      () => Object.assign(new ScriptedStore().open(), { maxPayload: "4096" }),
      '`maxPayload` must be a whole number from 2112: it is "4096"',
    ],
    [
      "allows no request at a time",
      () => Object.assign(new ScriptedStore().open(), { maxInFlight: 0 }),
      "`maxInFlight` must be a whole number from 1, or Infinity: it is 0",
    ],
    [
      "does not say how many requests it allows",
      () => Object.assign(new ScriptedStore().open(), { maxInFlight: undefined }),
      "`maxInFlight` must be a whole number from 1, or Infinity: it is undefined",
    ],
  ])("%s", async (_name, open, message) => {
    const error = await opening(open).catch((error): StoreError => error) as StoreError;
    expect(error).toMatchObject({ name: "StoreError", code: "refused", operation: "open" });
    expect(error.message).toContain(message);
  });

  test("fails at once", async () => {
    const daemon = new ScriptedStore();
    const open = () => Object.assign(daemon.open(), { send: planned });
    await expect(opening(open)).rejects.toMatchObject({ code: "disconnected", operation: "open" });
    expect([daemon.closed, daemon.waiting]).toEqual([1, false]);
  });
});

describe("a connection is lost if", () => {
  test.each<[string, (connection: StoreConnection) => Partial<StoreConnection>, string]>([
    ["`send` throws", () => ({ send: planned }), "planned."],
    ["`receive` throws", () => ({ receive: planned }), "planned."],
    ["`whenReadable` throws", () => ({ whenReadable: planned }), "planned."],
    ["`receive` returns too much", () => ({ receive: () => 8193 }), "received 8193 from the backend's `receive`"],
    ["`receive` returns less than nothing", () => ({ receive: () => -1 }), "received -1 from"],
    ["`receive` returns no number", () => ({ receive: (() => {}) as never }), "received undefined from"],
    ["`receive` transfers the buffer", () => ({
      receive(bytes) {
        structuredClone(bytes, { transfer: [bytes.buffer] });
        return 5;
      },
    }), "received 5 from"],
  ])("%s", async (_name, replace, reason) => {
    const [store, daemon] = await broken(replace);
    daemon.push([1]);
    const watch = store.watch("a");
    const results: Promise<unknown>[] = [
      store.read("a"),
      store.write("b", ""),
      watch.next(),
      store.transaction(() => {}),
      store.list("a"),
      store.waitFor("a"),
      store.waitForRemoval("a"),
      store.isAlive(2),
    ];
    for (const result of await Promise.allSettled(results)) {
      expect(result).toMatchObject({ status: "rejected", reason: { name: "StoreError", code: "disconnected" } });
    }
    await expect(results[0]).rejects.toThrow(`Cannot read \`a\`: the connection to broken is lost: ${reason}`);
    expect([daemon.closed, daemon.waiting, store.closed]).toEqual([1, false, true]);
    store.close();
    expect(daemon.closed).toBe(1);
  });

  test("the daemon hangs up: what it had sent is read before", async () => {
    const daemon = new ScriptedStore();
    const store = await XenStore.open({ store: daemon });
    const watch = store.watch("a");
    await watch.next();
    daemon.answers.set(READ, ({ text }) => text === "a\0" ? "1" : undefined);
    const results = [store.readNumber("a"), store.read("b"), watch.next()];
    daemon.hangUp();
    const [a, b, next] = await Promise.allSettled(results);
    expect(a).toMatchObject({ value: 1 });
    expect(b).toMatchObject({ reason: { code: "disconnected" } });
    expect((next as PromiseRejectedResult).reason.message).toBe(
      "Cannot watch `a`: the connection to scripted is lost: the daemon has closed the connection. Open another one.",
    );
    expect(await watch.next()).toEqual({ value: undefined, done: true });
    expect(inspect(store)).toBe("XenStore { backend: 'scripted', closed: true, requests: 0 }");
  });

  test.each([
    [
      "its device answers with an error",
      "disconnected",
      "Cannot read: the connection to XenStore is lost: /dev/xen/xenbus answered with an error (EIO). Open another one.",
      "the connection to XenStore is lost: /dev/xen/xenbus answered with an error (EIO). Open another one.",
    ],
    [
      "its process is killed",
      "closed",
      "Cannot wait: this process of domain 1 was killed. Open the store in another process.",
      "this process of domain 1 was killed. Open the store in another process.",
    ],
  ])("%s: the reason of the backend is given once", async (_name, code, message, reason) => {
    const cause = new StoreError(message, { code: code as StoreErrorCode, operation: "wait" });
    const [store, daemon] = await broken(() => ({
      receive() {
        throw cause;
      },
    }));
    const results = [store.read("a"), store.waitFor("a")];
    daemon.push([1]);
    await Promise.allSettled(results);
    await expect(results[0]).rejects.toMatchObject({ code, cause, message: `Cannot read \`a\`: ${reason}` });
    await expect(results[1]).rejects.toMatchObject({ code, cause, message: `Cannot wait for \`a\`: ${reason}` });
    await expect(store.read("b")).rejects.toThrow(`Cannot read \`b\`: ${reason}`);
  });

  test("its process is killed: the code is that of the backend", async () => {
    const [store] = await broken(() => ({
      send() {
        throw new StoreError("the process was killed.", { code: "closed", operation: "read" });
      },
    }));
    await expect(store.read("a")).rejects.toMatchObject({ code: "closed" });
    await expect(store.watch("a").next()).rejects.toMatchObject({ code: "closed" });
  });
});

describe("a backend does no harm that", () => {
  test("throws when it is closed or stops waiting", async () => {
    const [store] = await broken((connection) => ({
      close: planned,
      whenReadable(callback) {
        connection.whenReadable(callback);
        return planned;
      },
    }));
    const read = store.read("a");
    store.close();
    await expect(read).rejects.toMatchObject({ code: "closed" });
  });

  test("returns nothing to stop it by", async () => {
    const [store] = await broken(() => ({ whenReadable: (() => {}) as never }));
    const read = store.read("a", { signal: AbortSignal.timeout(5) });
    await expect(read).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("calls back at once, in the middle of the call", async () => {
    const [store, daemon] = await broken(() => ({
      whenReadable(callback) {
        callback();
        return () => {};
      },
    }));
    daemon.nodes.set("a", "1");
    expect(await store.readNumber("a")).toBe(1);
    let turns = 0;
    daemon.answers.set(READ, () => undefined);
    const read = store.read("a");
    while (turns < 20) await settle(1).then(() => turns++);
    daemon.reply(daemon.last(READ), "1");
    await read;
  });

  test("calls back several times, and after it was stopped", async () => {
    const callbacks: (() => void)[] = [];
    const [store, daemon] = await broken((connection) => ({
      whenReadable(callback) {
        callbacks.push(callback);
        return connection.whenReadable(() => {
          callback();
          callback();
        });
      },
    }));
    const watch = store.watch("a");
    await watch.next();
    const next = watch.next();
    await watch.return();
    await next;
    for (const callback of callbacks) callback();
    expect(await store.ownDomid()).toBe(1);
    store.close();
    for (const callback of callbacks) callback();
    expect(daemon.closed).toBe(1);
  });

  test("calls back into the library in the middle of a call", async () => {
    const inner: Promise<unknown>[] = [];
    const reenter = () => {
      if (inner.length < 3) inner.push(store.readNumber("domid"));
    };
    const [store] = await broken((connection) => ({
      send(message) {
        connection.send(message);
        reenter();
      },
      receive(bytes) {
        reenter();
        return connection.receive(bytes);
      },
      whenReadable(callback) {
        reenter();
        return connection.whenReadable(callback);
      },
    }));
    expect(await store.readNumber("domid")).toBe(1);
    expect(await Promise.all(inner)).toEqual([1, 1, 1]);
  });

  test("calls back into the library before it sends the message", async () => {
    const inner: Promise<unknown>[] = [];
    const [store, daemon] = await broken((connection) => ({
      send(message) {
        if (inner.length < 3) {
          // A longer path and a bad one: neither may change the message.
          inner.push(store.write(`data/${"x".repeat(100)}`, "1"), store.readNumber("domid"));
          inner.push(store.read("//").catch(({ name }) => name));
        }
        connection.send(message);
      },
    }));
    daemon.nodes.set("a", "5");
    expect(await store.readNumber("a")).toBe(5);
    expect(await Promise.all(inner)).toEqual([undefined, 1, "RangeError"]);
    expect(daemon.sent[1]).toMatchObject({ type: READ, text: "a\0" });
    expect(store.closed).toBe(false);
  });

  test.each(["send", "receive", "whenReadable"] as const)("closes the store in the middle of `%s`", async (method) => {
    const [store, daemon] = await broken((connection) => ({
      [method]: (argument: never) => {
        store.close();
        expect(daemon.closed).toBe(0);
        return connection[method](argument);
      },
    }));
    await expect(store.read("a")).rejects.toMatchObject({ code: "closed" });
    expect([daemon.closed, daemon.waiting]).toEqual([1, false]);
  });

  test("closes a watch in the middle of sending its request", async () => {
    const [store, daemon] = await broken((connection) => ({
      send(message) {
        watch.close();
        connection.send(message);
      },
    }));
    const watch = store.watch("a");
    expect(await watch.next()).toEqual({ value: undefined, done: true });
    await store.ownDomid();
    expect([daemon.count(WATCH), daemon.count(StoreMessage.UNWATCH), daemon.watches.size]).toEqual([1, 1, 0]);
  });

  test("transfers the message that it is given", async () => {
    const [store] = await broken((connection) => ({
      send(message) {
        connection.send(message);
        structuredClone(message, { transfer: [message.buffer] });
      },
    }));
    expect(await store.ownDomid()).toBe(1);
    await store.write("a", "grün");
    expect(await store.readText("a")).toBe("grün");
  });

  test("has always something to read: others get their turn", async () => {
    const [store, daemon] = await broken((connection, daemon) => ({
      receive(bytes) {
        daemon.event("a", "77");
        return connection.receive(bytes);
      },
    }));
    daemon.answers.set(READ, () => undefined);
    const read = store.read("a", { signal: AbortSignal.timeout(20) });
    await expect(read).rejects.toMatchObject({ name: "TimeoutError" });
    expect(daemon.waiting).toBe(false);
  });
});

describe("`close()`", () => {
  test.each<[string, number, (store: XenStore) => Promise<unknown>]>([
    ["a read", READ, (store) => store.read("a")],
    ["a list", StoreMessage.DIRECTORY, (store) => store.list("a")],
    ["the start of a transaction", TRANSACTION_START, (store) => store.transaction(() => {})],
    ["something in a transaction", READ, (store) => store.transaction((transaction) => transaction.read("a"))],
    ["the end of a transaction", TRANSACTION_END, (store) => store.transaction(() => {})],
    ["a wait", WATCH, (store) => store.waitFor("a")],
    ["a wait that reads", READ, (store) => store.waitFor("a")],
    ["`isAlive()`", StoreMessage.IS_DOMAIN_INTRODUCED, (store) => store.isAlive(1)],
  ])("fails %s with `closed`", async (_name, type, call) => {
    const daemon = new ScriptedStore();
    const store = await XenStore.open({ store: daemon });
    daemon.answers.set(type, () => undefined);
    const result = call(store);
    expect(await state(result)).toBe("waiting");
    store.close();
    expect(await state(result)).toBe("closed");
    expect([daemon.closed, daemon.waiting, store.closed]).toEqual([1, false, true]);
    expect(await state(call(store))).toBe("closed");
  });

  test("ends watches, and fails what waits for its turn", async () => {
    const daemon = new ScriptedStore();
    const store = await XenStore.open({ store: daemon });
    const watch = store.watch("a");
    await watch.next();
    const next = watch.next();
    daemon.answers.set(READ, () => undefined);
    const reads = Array.from({ length: 20 }, () => store.read("a"));
    store[Symbol.dispose]();
    store.close();
    expect(await next).toEqual({ value: undefined, done: true });
    for (const read of await Promise.allSettled(reads)) expect(read).toMatchObject({ reason: { code: "closed" } });
    await expect(reads[19]).rejects.toThrow("Cannot read `a`: the XenStore was closed. Open another one.");
    expect([daemon.closed, daemon.waiting]).toEqual([1, false]);
    expect(await store.watch("a").next()).toEqual({ value: undefined, done: true });
  });
});
