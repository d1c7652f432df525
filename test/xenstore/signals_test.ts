/** Signals: what is given up when one is aborted, whatever its reason and whoever made it. */
import { beforeEach, describe, expect, test } from "vitest";
import { encodeMessage, StoreMessage } from "../../src/contract/store_wire.ts";
import { StoreError, XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";
import { latin1 } from "../support/store_messages.ts";

const { DIRECTORY, DIRECTORY_PART, READ, TRANSACTION_END, TRANSACTION_START, UNWATCH, WATCH, WATCH_EVENT } =
  StoreMessage;

/** What the daemon refused, to somebody else. */
const REFUSAL = new StoreError("Cannot read `x`: there is no such node (ENOENT). Write it first.", {
  code: "not-found",
  operation: "read",
  reason: "ENOENT",
});
/** A signal that cannot be listened to, such as a proxy. */
const DEAF = {
  aborted: false,
  addEventListener() {
    throw new Error("deaf");
  },
  removeEventListener() {},
} as unknown as AbortSignal;

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  store = await XenStore.open({ store: daemon });
  return () => store.close();
});

describe("a signal whose reason is a refusal of the daemon", () => {
  test("ends a watch and a wait at the daemon, too", async () => {
    const ends = [
      (signal: AbortSignal) => store.watch("a", { signal }).next().then(() => store.watch("a", { signal }).next()),
      (signal: AbortSignal) => store.waitFor("a", undefined, { signal }),
    ];
    for (const begin of ends) {
      const controller = new AbortController();
      const result = begin(controller.signal);
      await settle();
      expect(daemon.watches.size).toBeGreaterThan(0);
      controller.abort(REFUSAL);
      await state(result);
      expect(daemon.watches.size).toBe(0);
    }
  });

  test("gives up opening", async () => {
    const silent = new ScriptedStore();
    silent.answers.set(READ, () => undefined);
    const controller = new AbortController();
    const opening = XenStore.open({ store: silent }, { signal: controller.signal });
    await settle();
    controller.abort(REFUSAL);
    await expect(opening).rejects.toBe(REFUSAL);
    expect(silent.closed).toBe(1);
  });

  test("gives up a transaction, which is aborted at the daemon", async () => {
    const controller = new AbortController();
    const result = store.transaction(() => new Promise(() => {}), { signal: controller.signal });
    await settle();
    controller.abort(REFUSAL);
    await expect(result).rejects.toBe(REFUSAL);
    expect(daemon.last(TRANSACTION_END).text).toBe("F\0");
  });
});

test("a transaction that is aborted at once, or while it waits for its turn, is not started", async () => {
  const end = Promise.withResolvers<void>();
  const first = store.transaction(() => end.promise);
  await settle();
  const started = daemon.count(TRANSACTION_START);
  const [atOnce, later] = [new AbortController(), new AbortController()];
  const results = [atOnce, later].map(({ signal }) => store.transaction(() => "never", { signal }));
  for (const result of results) result.catch(() => {});
  atOnce.abort("at once");
  await settle();
  later.abort("later");
  end.resolve();
  await first;
  expect(await Promise.all(results.map(state))).toEqual(["at once", "later"]);

  const free = new AbortController();
  const result = store.transaction(() => "never", { signal: free.signal });
  free.abort("in the same turn");
  expect(await state(result)).toBe("in the same turn");
  expect(daemon.count(TRANSACTION_START)).toBe(started);
});

test.each(["transaction", "request"])(
  "a request in a transaction is given up by the signal of the %s",
  async (whose) => {
    daemon.answers.set(READ, () => undefined);
    daemon.answers.set(DIRECTORY, () => ({ error: "E2BIG" }));
    daemon.answers.set(DIRECTORY_PART, () => undefined);
    const [outer, own] = [new AbortController(), new AbortController()];
    let requests: Promise<unknown>[] = [];
    const result = store.transaction(async (transaction) => {
      const { signal } = own;
      requests = [transaction.read("a", { signal }), transaction.list("a", { signal })];
      await Promise.all(requests);
    }, { signal: outer.signal });
    await settle();
    (whose === "transaction" ? outer : own).abort("enough");
    expect(await Promise.all([result, ...requests].map(state))).toEqual(["enough", "enough", "enough"]);
    // So the program can end.
    expect(daemon.waiting).toBe(false);
  },
);

describe("a signal that cannot be listened to", () => {
  test("fails a transaction, and leaves the others alone", async () => {
    const end = Promise.withResolvers<void>();
    const first = store.transaction(() => end.promise);
    await settle();
    await expect(store.transaction(() => 1, { signal: DEAF })).rejects.toThrow("deaf");
    end.resolve();
    await first;
    expect(await store.transaction(() => 2)).toBe(2);
  });

  test("fails a watch, which has not begun", async () => {
    const watch = store.watch("a", { signal: DEAF });
    await expect(watch.next()).rejects.toThrow("deaf");
    watch.close();
    await settle();
    expect([daemon.count(WATCH), daemon.count(UNWATCH)]).toEqual([0, 0]);
  });
});

test("a long list is not asked for further once its transaction has ended", async () => {
  daemon.answers.set(DIRECTORY, () => ({ error: "E2BIG" }));
  let list: Promise<string[]> | undefined;
  await store.transaction((transaction) => {
    list = transaction.list("a");
    list.catch(() => {});
  });
  await expect(list).rejects.toMatchObject({ code: "closed", operation: "list" });
  expect(daemon.count(DIRECTORY_PART)).toBe(0);
});

test("nothing is received from a connection that ended by what was received", async () => {
  const most = new ScriptedStore();
  most.maxInFlight = 1;
  const connection = most.open();
  let isClosed = false;
  let late = 0;
  using one = await XenStore.open({
    store: {
      name: "full",
      open: () => ({
        ...connection,
        receive(bytes) {
          if (isClosed) late++;
          return connection.receive(bytes);
        },
        send(message) {
          if (most.sent.length >= 2) throw new Error("planned");
          connection.send(message);
        },
        close: () => void (isClosed = true),
      }),
    },
  });
  most.answers.set(READ, () => undefined);
  const reads = [one.read("a"), one.read("b")];
  await settle();
  // The reply, and events that fill the buffer to the last byte.
  const reply = encodeMessage(READ, most.last(READ).id, 0, latin1("x"));
  const event = (size: number) => encodeMessage(WATCH_EVENT, 0, 0, latin1(`${"p".repeat(size - 19)}\0` + "9\0"));
  most.push([...reply, ...event(4000), ...event(8192 - 4000 - reply.length)]);
  expect(await Promise.all(reads.map(state))).toEqual(["done", "disconnected"]);
  expect(late).toBe(0);
});
