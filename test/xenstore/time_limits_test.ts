/** Time limits, to the millisecond: on fake timers, which this file puts in place before the library takes its own. */
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { XenStore as Store } from "../../src/xenstore/mod.ts";
import type { ScriptedStore as Daemon } from "../support/scripted_store.ts";

vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
vi.resetModules();
const { StoreMessage } = await import("../../src/contract/store_wire.ts");
const { XenStore } = await import("../../src/xenstore/mod.ts");
const { ScriptedStore, settle, state } = await import("../support/scripted_store.ts");
afterAll(() => void vi.useRealTimers());

const { READ } = StoreMessage;
/** The limit, whose ticks have 100 ms. */
const LIMIT = 800;

let daemon: Daemon;
let store: Store;
beforeEach(async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = 1;
  store = await XenStore.open({ store: daemon }, { timeout: LIMIT });
  daemon.answers.set(READ, () => undefined);
});

async function pass(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds);
  await settle();
}

describe("a request that is not answered fails after its limit, and at most an eighth later", () => {
  test.each([0, 1, 50, 99])("if the clock has ticked %i ms ago", async (phase) => {
    const other = new ScriptedStore();
    const busy = await XenStore.open({ store: other }, { timeout: LIMIT });
    other.answers.set(READ, () => undefined);
    busy.read("before").catch(() => {});
    await pass(300 + phase);
    const read = busy.read("a");
    read.catch(() => {});
    await pass(LIMIT);
    expect(await state(read)).toBe("waiting");
    await pass(LIMIT / 8);
    expect(await state(read)).toBe("timed-out");
  });

  test("if it is the only one", async () => {
    const read = store.read("a");
    read.catch(() => {});
    await pass(LIMIT);
    expect(await state(read)).toBe("waiting");
    await pass(LIMIT / 8);
    expect(await state(read)).toBe("timed-out");
  });
});

describe("a request that waits behind one that was given up", () => {
  /** Two requests in the queue, the first of which is sent after 600 ms, and given up. */
  async function queue(): Promise<{ last: Promise<string> }> {
    const controller = new AbortController();
    const first = store.read("first");
    store.read("aborted", { signal: controller.signal }).catch(() => {});
    const last = store.readText("last");
    last.catch(() => {});
    await pass(600);
    daemon.reply(daemon.last(READ), "");
    await first;
    controller.abort();
    expect(daemon.last(READ).text).toBe("aborted\0");
    return { last };
  }

  test("does not fail before the daemon has answered nothing for the limit", async () => {
    const { last } = await queue();
    await pass(LIMIT);
    expect(await state(last)).toBe("waiting");
    daemon.answers.set(READ, () => "value");
    daemon.reply(daemon.last(READ), "");
    expect(await last).toBe("value");
  });

  test("fails once it has, and says that it was not sent", async () => {
    const { last } = await queue();
    await pass(LIMIT * 9 / 8);
    expect(await state(last)).toBe("timed-out");
    await expect(last).rejects.toThrow("Cannot read `last`: it was not sent");
  });
});

describe("events that nobody iterates over", () => {
  test("are taken at once if there are more than one look takes", async () => {
    const watch = store.watch("a");
    await watch.next();
    await settle();
    // One look takes 16 times 8192 bytes.
    for (let index = 0; index < 10_000; index++) daemon.fire("a/b");
    const all = daemon.unread;
    expect(all).toBeGreaterThan(16 * 8192);
    await pass(100);
    const { unread } = daemon;
    expect(unread).toBeGreaterThan(0);
    expect(unread).toBeLessThan(all);
    await pass(5);
    await pass(5);
    expect(daemon.unread).toBe(0);
    watch.close();
  });
});
