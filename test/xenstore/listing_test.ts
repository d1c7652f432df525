/** Lists that do not fit into one reply. */
import { beforeEach, expect, test } from "vitest";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore } from "../support/scripted_store.ts";

const { DIRECTORY, DIRECTORY_PART } = StoreMessage;

let daemon: ScriptedStore;
let store: XenStore;
beforeEach(async () => {
  daemon = new ScriptedStore();
  daemon.answers.set(DIRECTORY, () => ({ error: "E2BIG" }));
  store = await XenStore.open({ store: daemon });
});

/** Has the daemon send a list in parts of at most 4096 bytes, as C xenstored does. */
function serveParts(names: readonly string[], generation: () => number): void {
  const list = names.map((name) => `${name}\0`).join("");
  daemon.answers.set(DIRECTORY_PART, ({ text }) => {
    const offset = Number(text.split("\0")[1]);
    const head = `${generation()}\0`;
    let end = offset;
    while (end < list.length) {
      const next = list.indexOf("\0", end) + 1;
      if (head.length + next - offset + 1 > 4096) break;
      end = next;
    }
    return `${head}${list.slice(offset, end)}${end === list.length ? "\0" : ""}`;
  });
}

test("`list()` reads a long list in parts", async () => {
  const names = Array.from({ length: 2000 }, (_, index) => `name-${index}`);
  serveParts(names, () => 7);
  expect(await store.list("a")).toEqual(names);
  expect(daemon.last(DIRECTORY_PART).text).toMatch(/^a\0\d+\0$/);
});

test("`list()` in a transaction asks for all parts in it", async () => {
  serveParts(["x", "y"], () => 7);
  expect(await store.transaction((transaction) => transaction.list("a"))).toEqual(["x", "y"]);
  expect(daemon.last(DIRECTORY_PART).transaction).toBe(1);
});

test("`list()` begins again if the list changes in between", async () => {
  const names = Array.from({ length: 2000 }, (_, index) => `name-${index}`);
  let asked = 0;
  serveParts(names, () => ++asked > 2 ? 8 : 7);
  expect(await store.list("a")).toEqual(names);
  const offsets = daemon.sent.filter(({ type }) => type === DIRECTORY_PART).map(({ text }) => text.split("\0")[1]);
  expect(offsets.filter((offset) => offset === "0").length).toBe(2);
});

test("`list()` fails with `conflict` if the list changes all the time", async () => {
  let generation = 0;
  serveParts(Array.from({ length: 2000 }, (_, index) => `name-${index}`), () => ++generation);
  await expect(store.list("a")).rejects.toMatchObject({ code: "conflict", operation: "list", path: "a" });
  expect(daemon.count(DIRECTORY_PART)).toBe(32);
});

test("`list()` of what has become short or empty is fine", async () => {
  serveParts([], () => 7);
  expect(await store.list("a")).toEqual([]);
});

test("`list()` fails with `unsupported` if the daemon sends no parts", async () => {
  daemon.answers.set(DIRECTORY_PART, () => ({ error: "ENOSYS" }));
  await expect(store.list("a")).rejects.toMatchObject({
    code: "unsupported",
    reason: "ENOSYS",
    message:
      "Cannot list `a`: its names have more than 4096 bytes, and this daemon sends no parts of a list (ENOSYS). " +
      "Use fewer or shorter names.",
  });
});

test("`list()` ends by its signal between parts", async () => {
  const controller = new AbortController();
  daemon.answers.set(DIRECTORY_PART, () => {
    controller.abort("enough");
    return "7\0x\0";
  });
  await expect(store.list("a", { signal: controller.signal })).rejects.toBe("enough");
});

test("parts that never end, or say nothing, do not go on for ever", async () => {
  const part = `7\0${"x".repeat(4000)}\0`;
  daemon.answers.set(DIRECTORY_PART, () => part);
  await expect(store.list("a")).rejects.toMatchObject({ code: "refused", path: "a" });
  daemon.answers.set(DIRECTORY_PART, () => "7\0");
  await expect(store.list("a")).rejects.toMatchObject({ code: "disconnected" });
});
