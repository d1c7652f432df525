/** Waiting until a node has a value, or is gone. */
import { inspect } from "node:util";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";

const { READ, WATCH, UNWATCH } = StoreMessage;

let daemon: ScriptedStore;
let store: XenStore;
let maxInFlight = Infinity;
beforeEach(async () => {
  daemon = new ScriptedStore();
  daemon.maxInFlight = maxInFlight;
  store = await XenStore.open({ store: daemon });
});

describe.each([
  ["any number of requests", Infinity],
  ["one request at a time, as on the device", 1],
])("with %s", (_name, most) => {
  beforeAll(() => void (maxInFlight = most));

  describe("`waitFor()`", () => {
    test("returns a value that is there", async () => {
      daemon.nodes.set("a", "1");
      expect(await store.waitFor("a")).toBe("1");
      expect([daemon.count(WATCH), daemon.count(UNWATCH), daemon.waiting]).toEqual([1, 1, false]);
    });

    test("waits until a node is there, and may be read", async () => {
      const wait = store.waitFor("a");
      expect(await state(wait)).toBe("waiting");
      daemon.answers.set(READ, () => ({ error: "EACCES" }));
      daemon.set("a", "1");
      expect(await state(wait)).toBe("waiting");
      daemon.answers.clear();
      daemon.fire("a");
      expect(await wait).toBe("1");
    });

    test("waits until a predicate accepts the value", async () => {
      const seen: string[] = [];
      const wait = store.waitFor("a", (text) => {
        seen.push(text);
        return text === "4";
      });
      for (const value of ["1", "2", "4"]) {
        daemon.set("a", value);
        await settle(12);
      }
      expect(await wait).toBe("4");
      expect([...new Set(seen)]).toEqual(["1", "2", "4"]);
    });

    test("waits for a predicate that takes its time", async () => {
      daemon.nodes.set("a", "1");
      expect(await store.waitFor("a", (text) => Promise.resolve(text === "1"))).toBe("1");
    });

    test("fails with what its predicate throws", async () => {
      daemon.nodes.set("a", "1");
      const wait = store.waitFor("a", () => {
        throw new Error("planned");
      });
      await expect(wait).rejects.toThrow("planned");
      expect(daemon.count(UNWATCH)).toBe(1);
    });

    test("fails with `timed-out` after its time, and ends its watch", async () => {
      await expect(store.waitFor("a", undefined, { timeout: 5 })).rejects.toMatchObject({
        code: "timed-out",
        operation: "wait",
        path: "a",
        message:
          "Cannot wait for `a`: it was not there, or not readable, after 5 ms. See whether the other side runs and has " +
          "given this domain the right to read, or raise `timeout`.",
      });
      // The time may have been over while a request was under way, before which no other one is sent.
      await settle();
      expect([daemon.count(UNWATCH), daemon.waiting]).toEqual([1, false]);
    });

    test("says what is missing after its time", async () => {
      daemon.nodes.set("a", "1");
      await expect(store.waitFor("a", (text) => text === "2", { timeout: 5 })).rejects.toThrow(
        "Cannot wait for `a`: `predicate` did not accept its value after 5 ms. See what the other side has written, or",
      );
      await expect(store.waitForRemoval("a", { timeout: 5 })).rejects.toThrow(
        "Cannot wait for `a`: it was still there after 5 ms. See whether the other side has ended, or raise `timeout`.",
      );
    });

    test("has no time limit by default, nor if that is `Infinity`", async () => {
      for (const timeout of [undefined, Infinity]) {
        const wait = store.waitFor("a", undefined, { timeout });
        expect(await state(wait)).toBe("waiting");
        daemon.set("a", "1");
        expect(await wait).toBe("1");
        daemon.nodes.delete("a");
      }
      await store.waitForRemoval("a", { timeout: Infinity });
      for (const timeout of [-1, 0.5, NaN, -Infinity, 2 ** 31]) {
        await expect(store.waitFor("a", undefined, { timeout })).rejects.toThrow(
          `Cannot wait as \`timeout\` must be a whole number from 0 to 2147483647: current value is ${timeout}`,
        );
      }
    });

    test("takes its time from the program's timers", async () => {
      vi.useFakeTimers();
      try {
        const wait = store.waitFor("a", undefined, { timeout: 60_000 });
        wait.catch(() => {});
        await vi.advanceTimersByTimeAsync(60_000);
        await expect(wait).rejects.toMatchObject({ code: "timed-out" });
      } finally {
        vi.useRealTimers();
      }
    });

    test("ends by its signal, in whatever it is doing", async () => {
      const controller = new AbortController();
      const wait = store.waitFor("a", undefined, { signal: controller.signal, timeout: 60_000 });
      await settle();
      controller.abort("enough");
      await expect(wait).rejects.toBe("enough");
      await expect(store.waitFor("a", undefined, { signal: controller.signal })).rejects.toBe("enough");

      daemon.answers.set(READ, () => undefined);
      const other = new AbortController();
      const reading = store.waitFor("a", undefined, { signal: other.signal });
      await settle();
      other.abort("now");
      await expect(reading).rejects.toBe("now");
      // On the device, the UNWATCH waits until the read is answered.
      expect(daemon.waiting).toBe(most === 1);
    });

    describe("does not wait for its predicate any longer", () => {
      const forever = () => new Promise<boolean>(() => {});

      test("after its time", async () => {
        const wait = store.waitFor("domid", forever, { timeout: 5 });
        await expect(wait).rejects.toMatchObject({ code: "timed-out", operation: "wait", path: "domid" });
        await settle();
        expect([daemon.count(UNWATCH), daemon.waiting]).toEqual([1, false]);
      });

      test("once its signal is aborted", async () => {
        const controller = new AbortController();
        const wait = store.waitFor("domid", forever, { signal: controller.signal });
        expect(await state(wait)).toBe("waiting");
        controller.abort("enough");
        await expect(wait).rejects.toBe("enough");
        expect([daemon.count(UNWATCH), daemon.waiting]).toEqual([1, false]);
      });

      test("once the store is closed", async () => {
        const wait = store.waitFor("domid", forever);
        expect(await state(wait)).toBe("waiting");
        store.close();
        await expect(wait).rejects.toMatchObject({ code: "closed", operation: "wait", path: "domid" });
      });

      test("once the connection is lost", async () => {
        const wait = store.waitFor("domid", forever);
        expect(await state(wait)).toBe("waiting");
        daemon.hangUp();
        await expect(wait).rejects.toMatchObject({ code: "disconnected", operation: "wait", path: "domid" });
      });

      test("which may fail later", async () => {
        const { promise, reject } = Promise.withResolvers<boolean>();
        await expect(store.waitFor("domid", () => promise, { timeout: 5 })).rejects.toMatchObject({
          code: "timed-out",
        });
        reject(new Error("late"));
        await settle();
      });
    });

    test("fails on a refusal that does not pass by waiting", async () => {
      daemon.answers.set(READ, () => ({ error: "EIO" }));
      await expect(store.waitFor("a")).rejects.toMatchObject({ code: "refused", path: "a" });
      daemon.answers.set(WATCH, () => ({ error: "EQUOTA" }));
      await expect(store.waitFor("a")).rejects.toMatchObject({ code: "quota" });
    });

    test("fails with `closed` when the store is closed", async () => {
      const wait = store.waitFor("a");
      const gone = store.waitForRemoval("domid");
      await settle();
      store.close();
      await expect(wait).rejects.toMatchObject({ code: "closed", operation: "wait", path: "a" });
      await expect(gone).rejects.toMatchObject({ code: "closed" });
    });
  });

  describe("`waitForRemoval()`", () => {
    test("returns at once if there is no such node", async () => {
      await store.waitForRemoval("a");
      expect(daemon.count(UNWATCH)).toBe(1);
    });

    test("waits until the node is gone, or cannot be read", async () => {
      daemon.nodes.set("a", "\xff");
      const wait = store.waitForRemoval("a");
      expect(await state(wait)).toBe("waiting");
      daemon.set("a", undefined);
      await wait;
      daemon.nodes.set("a", "2");
      const again = store.waitForRemoval("a");
      expect(await state(again)).toBe("waiting");
      daemon.answers.set(READ, () => ({ error: "EACCES" }));
      daemon.fire("a");
      await again;
    });

    test("has a time limit", async () => {
      await expect(store.waitForRemoval("domid", { timeout: 5 })).rejects.toMatchObject({ code: "timed-out" });
    });
  });
});

test("waits that are tried again and again leave nothing behind on a connection that the daemon does not answer", async () => {
  const device = new ScriptedStore();
  device.maxInFlight = 1;
  using mute = await XenStore.open({ store: device }, { timeout: 10 });
  device.answers.set(WATCH, () => undefined);
  for (const timeout of [1, 30, 1, 30]) {
    await expect(mute.waitFor("a", undefined, { timeout })).rejects.toMatchObject({ code: "timed-out" });
  }
  // The first WATCH, and the UNWATCH that follows once it is answered.
  expect(inspect(mute)).toContain("requests: 2");
  await vi.waitFor(() => expect(device.waiting).toBe(false));
  device.reply(device.last(WATCH), "OK\0");
  expect(await mute.ownDomid()).toBe(1);
  expect([device.count(WATCH), device.count(UNWATCH)]).toEqual([1, 1]);
});
