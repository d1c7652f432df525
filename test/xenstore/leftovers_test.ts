/** Waits and transactions that are over leave nobody who listens: to their signal, or for the end of the connection. */
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { Connection } from "../../src/xenstore/connection.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore } from "../support/scripted_store.ts";

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  store = await XenStore.open({ store: daemon });
});
afterEach(() => void vi.restoreAllMocks());

/** What is done with a signal, from its beginning to its end. */
const CASES: [string, (signal?: AbortSignal) => Promise<unknown>][] = [
  ["a wait for a value", (signal) => store.waitFor("domid", undefined, { signal })],
  ["a wait for a value that its predicate accepts", (signal) => store.waitFor("domid", () => true, { signal })],
  ["a wait whose predicate throws", (signal) => store.waitFor("domid", fail, { signal })],
  ["a wait whose time is over", (signal) => store.waitFor("none", undefined, { signal, timeout: 1 })],
  ["a wait for a removal", (signal) => store.waitForRemoval("none", { signal })],
  ["a transaction", (signal) => store.transaction((inside) => inside.read("domid"), { signal })],
  ["a transaction whose function throws", (signal) => store.transaction(fail, { signal })],
  ["a transaction that conflicts", (signal) => {
    let times = 0;
    daemon.answers.set(StoreMessage.TRANSACTION_END, () => times++ === 0 ? { error: "EAGAIN" } : "OK\0");
    return store.transaction(() => {}, { signal });
  }],
  ["a transaction that waits for its turn", async (signal) => {
    await Promise.all([store.transaction(() => {}), store.transaction(() => {}, { signal })]);
  }],
];

function fail(): never {
  throw new Error("planned");
}

describe.each(CASES)("%s", (_name, run) => {
  test("leaves no listener on its signal", async () => {
    const { signal } = new AbortController();
    const running = run(signal);
    running.catch(() => {});
    // A transaction takes its turn first. No reply comes before the next turn of the event loop.
    for (let time = 0; time < 4; time++) await Promise.resolve();
    expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
    await Promise.allSettled([running]);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("is not told of the end of the connection", async () => {
    const { onEnd } = Connection.prototype;
    const told = vi.fn();
    const listening = vi.spyOn(Connection.prototype, "onEnd").mockImplementation(function (this: Connection, listener) {
      return onEnd.call(this, (ending) => {
        told();
        listener(ending);
      });
    });
    await Promise.allSettled([run()]);
    expect(listening).toHaveBeenCalled();
    store.close();
    expect(told).not.toHaveBeenCalled();
  });
});
