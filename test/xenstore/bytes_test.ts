/** Replies in pieces, in heaps, and such as no daemon sends. */
import { describe, expect, test } from "vitest";
import { encodeMessage, HEADER_SIZE, StoreMessage } from "../../src/contract/store_wire.ts";
import { Frames } from "../../src/xenstore/frames.ts";
import { type StoreError, XenStore } from "../../src/xenstore/mod.ts";
import { ScriptedStore, settle, state } from "../support/scripted_store.ts";
import { latin1 } from "../support/store_messages.ts";

const { READ, WATCH, WATCH_EVENT, ERROR, DIRECTORY, GET_PERMS, TRANSACTION_START } = StoreMessage;

async function open(): Promise<[XenStore, ScriptedStore]> {
  const daemon = new ScriptedStore();
  return [await XenStore.open({ store: daemon }), daemon];
}

test.each([1, 2, 3, 5, 7, 16, 17, 1000])("replies arrive in pieces of %i bytes", async (chunk) => {
  const [store, daemon] = await open();
  daemon.chunk = chunk;
  const long = "x".repeat(4000);
  daemon.nodes.set("long", long).set("empty", "").set("a", "1");
  const watch = store.watch("a");
  const results = Promise.all([
    store.readText("long"),
    watch.next(),
    store.readText("empty"),
    store.readText("long"),
    store.read("none").catch(({ code }) => code),
    store.readNumber("a"),
  ]);
  expect(await results).toEqual([long, { value: "a", done: false }, "", long, "not-found", 1]);
});

test("a reply is cut at every byte, with another one behind it", async () => {
  const [store, daemon] = await open();
  const size = 2 * HEADER_SIZE + "first".length + "second".length;
  for (let cut = 0; cut <= size; cut++) {
    daemon.answers.set(READ, () => undefined);
    const results = [store.readText("a"), store.readText("b")];
    const [a, b] = daemon.sent.slice(-2);
    const bytes = [
      ...encodeMessage(READ, a!.id, 0, new TextEncoder().encode("first")),
      ...encodeMessage(READ, b!.id, 0, new TextEncoder().encode("second")),
    ];
    daemon.push(bytes.slice(0, cut));
    await settle(2);
    daemon.push(bytes.slice(cut));
    expect(await Promise.all(results)).toEqual(["first", "second"]);
  }
});

test("a reply may have up to a mebibyte, and the buffer shrinks again", async () => {
  const [store, daemon] = await open();
  const name = "abcdefg\0";
  const count = 2 ** 20 / name.length;
  daemon.answers.set(DIRECTORY, () => undefined);
  const list = store.list("a");
  const { id } = daemon.last(DIRECTORY);
  const message = encodeMessage(DIRECTORY, id, 0, new TextEncoder().encode(name.repeat(count)));
  for (let at = 0; at < message.length; at += 50_000) daemon.push(message.subarray(at, at + 50_000));
  expect((await list).length).toBe(count);
  expect(await store.ownDomid()).toBe(1);
});

test("the buffer for replies has 8 KiB, grows for a longer one, and shrinks again", () => {
  const lengths: number[] = [];
  const frames = new Frames({ onMessage: (_type, _id, _bytes, start, end) => !!lengths.push(end - start) });
  const sizes: number[] = [];
  const add = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) {
      const space = frames.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      frames.add(part.length);
      at += part.length;
      sizes.push(frames.space().buffer.byteLength);
    }
  };
  add(encodeMessage(READ, 1, 0, new Uint8Array(4096)));
  add(encodeMessage(READ, 1, 0, new Uint8Array(50_000)));
  add(encodeMessage(READ, 1, 0, new Uint8Array(1)));
  expect(lengths).toEqual([4096, 50_000, 1]);
  expect(sizes).toEqual([8192, HEADER_SIZE + 50_000, 8192, 8192]);
});

describe("a daemon that sends what makes no sense has lost the connection", () => {
  const message = (type: number, id: number, text: string) => encodeMessage(type, id, 0, latin1(text));
  const tooLong = () => {
    const bytes = message(READ, 2, "");
    new DataView(bytes.buffer).setUint32(12, 2 ** 20 + 1, true);
    return bytes;
  };
  test.each<[string, () => Uint8Array, string]>([
    ["a message that is too long", tooLong, "a message of 1048577 bytes"],
    ["a reply to no request", () => message(READ, 77, "1"), "a reply to request 77, which was not made"],
    ["a reply of number 0", () => message(READ, 0, "1"), "a reply to request 0"],
    ["a reply of another type", () => message(DIRECTORY, 2, ""), "a reply of type 1 to a request of type 2"],
    ["an unknown type", () => message(0xffff, 2, ""), "a reply of type 65535 to a request of type 2"],
    ["the same reply twice", () => Uint8Array.of(...message(READ, 2, "1"), ...message(READ, 2, "1")), "to request 2"],
    ["an error without a NUL", () => message(ERROR, 2, "ENOENT"), "does not end with a NUL"],
    ["an error without a name", () => message(ERROR, 2, "\0"), "an error that has no name"],
    ["an error with nothing", () => message(ERROR, 2, ""), "a reply of 0 words instead of one"],
    ["an error of two words", () => message(ERROR, 2, "EIO\0EIO\0"), "a reply of 2 words instead of one"],
    ["an error that is text", () => message(ERROR, 2, "no such node\0"), "an error that has no name"],
    ["an event without a token", () => message(WATCH_EVENT, 0, "a\0"), "an event without a token"],
    ["an event of nothing", () => message(WATCH_EVENT, 0, ""), "an event without a token"],
    ["an event without a NUL", () => message(WATCH_EVENT, 0, "a\x001"), "does not end with a NUL"],
  ])("%s", async (_name, bytes, reason) => {
    const [store, daemon] = await open();
    daemon.answers.set(READ, () => undefined);
    const watch = store.watch("a");
    daemon.answers.set(WATCH, () => undefined);
    const results = [store.read("a"), store.read("b"), watch.next(), store.transaction(() => store.read("a"))];
    for (const result of results) result.catch(() => {});
    daemon.push(bytes());
    const [first, ...others] = await Promise.allSettled(results);
    // The first of the two equal replies was good.
    if (!_name.includes("twice")) others.push(first!);
    for (const result of others) {
      expect(result).toMatchObject({ status: "rejected", reason: { name: "StoreError", code: "disconnected" } });
    }
    const error = (others[0] as PromiseRejectedResult).reason as StoreError;
    expect(error.message).toMatch(
      /^Cannot read `b`: the connection to scripted is lost: received .*\. Open another one\.$/,
    );
    expect(error.message).toContain(reason);
    expect([daemon.closed, daemon.waiting, store.closed]).toEqual([1, false, true]);
    await expect(store.read("a")).rejects.toMatchObject({ code: "disconnected" });
    await expect(watch.next()).resolves.toEqual({ value: undefined, done: true });
    await expect(store.watch("a").next()).rejects.toMatchObject({ code: "disconnected" });
  });

  test.each<[number, string, (store: XenStore) => Promise<unknown>]>([
    [GET_PERMS, "", (store) => store.permissions("a")],
    [GET_PERMS, "x1\0", (store) => store.permissions("a")],
    [GET_PERMS, "r\0", (store) => store.permissions("a")],
    [GET_PERMS, "r-1\0", (store) => store.permissions("a")],
    [TRANSACTION_START, "0\0", (store) => store.transaction(() => {})],
    [TRANSACTION_START, "x\0", (store) => store.transaction(() => {})],
    [TRANSACTION_START, "\0", (store) => store.transaction(() => {})],
    [TRANSACTION_START, "0x10\0", (store) => store.transaction(() => {})],
    [TRANSACTION_START, "1e3\0", (store) => store.transaction(() => {})],
    [TRANSACTION_START, " 5\0", (store) => store.transaction(() => {})],
    [TRANSACTION_START, "4294967296\0", (store) => store.transaction(() => {})],
    [StoreMessage.IS_DOMAIN_INTRODUCED, "yes\0", (store) => store.isIntroduced(1)],
    [StoreMessage.GET_DOMAIN_PATH, "", (store) => store.domainPath(1)],
    [DIRECTORY, "a", (store) => store.list("a")],
  ])("request %i answered with %j", async (type, answer, call) => {
    const [store, daemon] = await open();
    daemon.answers.set(type, () => answer);
    await expect(call(store)).rejects.toMatchObject({ code: "disconnected" });
    expect([daemon.closed, store.closed]).toEqual([1, true]);
  });
});

test("events of unknown watches are dropped", async () => {
  const [store, daemon] = await open();
  daemon.event("a", "77");
  daemon.event("a", "not a number");
  expect(await store.ownDomid()).toBe(1);
});

test("old kernels' replies to watches, whose number is 0, are those of the oldest one", async () => {
  const [store, daemon] = await open();
  daemon.answers.set(WATCH, () => undefined);
  const [a, b] = [store.watch("a"), store.watch("b")];
  const next = [a.next(), b.next()];
  const ok = Uint8Array.of(79, 75, 0);
  daemon.push(encodeMessage(WATCH, 0, 0, ok));
  daemon.push(encodeMessage(WATCH, 0, 0, ok));
  daemon.event("b", "2");
  daemon.event("a", "1");
  expect(await Promise.all(next)).toEqual([{ value: "a", done: false }, { value: "b", done: false }]);
  // There is none left to which another one could belong.
  daemon.push(encodeMessage(WATCH, 0, 0, ok));
  expect(await state(a.next())).toBe("disconnected");
});
