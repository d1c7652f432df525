/** Faults in connections to XenStore: each call fails before and after it is done, and replies change as rules say. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FaultCall, Faults, type ReplyOptions } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import type { StoreBackend, StoreConnection } from "../../src/contract/backend.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { boom } from "../support/faulty_machine.ts";
import { Joiner, message, readable, takeAll, type TextMessage } from "../support/store_messages.ts";

const { ERROR, READ, TRANSACTION_END, TRANSACTION_START, WATCH, WATCH_EVENT, WRITE } = StoreMessage;

let xen: MockXen;
let faults: Faults;
let backend: StoreBackend;

beforeEach(() => {
  xen = new MockXen();
  faults = new Faults();
  backend = faults.wrap(xen.domain(1)).store;
});

afterEach(() => {
  faults.clear();
  faults.releaseAll();
  xen.assertClean();
});

/** Waits until something has arrived, and takes all of it. */
async function arrived(connection: StoreConnection): Promise<TextMessage[]> {
  await readable(connection);
  return takeAll(connection);
}

/** Lets all that is on its way arrive. */
async function settle() {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a fault in a call of XenStore", () => {
  const CALLS = {
    send: (connection: StoreConnection) => connection.send(message(READ, "domid\0")),
    receive: (connection: StoreConnection) => connection.receive(new Uint8Array(100)),
    wait: (connection: StoreConnection) => connection.whenReadable(() => {})(),
  };

  for (const [kind, run] of Object.entries(CALLS) as [keyof typeof CALLS, typeof CALLS.send][]) {
    test.each(["before", "after"] as const)(`%s \`${kind}\` fails it, and the next one succeeds`, (when) => {
      const connection = backend.open();
      const rule = faults.fail(kind, { part: "store", when, error: boom });
      expect(() => run(connection)).toThrow(boom);
      run(connection);
      expect([rule.fired, faults.injected(kind, "store"), faults.calls(kind)]).toEqual([1, 1, 2]);
      connection.close();
    });
  }

  test.each(["before", "after"] as const)("%s `open` leaves nothing open", (when) => {
    faults.fail("open", { part: "store", when, error: boom });
    expect(() => backend.open()).toThrow(boom);
    xen.assertClean();
    backend.open().close();
  });

  test("before `close` leaves the connection open, until `releaseAll()`", () => {
    const connection = backend.open();
    faults.fail("close", { when: "before", error: boom });
    expect(() => connection.close()).toThrow(boom);
    expect(faults.unreleased).toBe(1);
    expect(() => xen.assertClean()).toThrow("domain 1");
    faults.releaseAll();
    xen.assertClean();
    faults.fail("close", { error: boom });
    const other = backend.open();
    expect(() => other.close()).toThrow(boom);
  });

  test("after `receive` loses no bytes: the next one returns them, and what came meanwhile", async () => {
    const connection = backend.open();
    connection.send(message(READ, "domid\0", 1));
    await readable(connection);
    faults.fail("receive", { when: "after", error: boom });
    expect(() => connection.receive(new Uint8Array(20))).toThrow(boom);
    connection.send(message(READ, "name\0", 2));
    await settle();
    expect(takeAll(connection, 3).map(({ text }) => text)).toEqual(["1", "domain-1"]);
    connection.close();
  });

  test("after `send` has the reply come", async () => {
    const connection = backend.open();
    faults.fail("send", { when: "after", error: boom });
    expect(() => connection.send(message(READ, "domid\0"))).toThrow(boom);
    expect((await arrived(connection))[0]!.text).toBe("1");
    connection.close();
  });

  test("tells actions what is asked for", () => {
    const connection = backend.open();
    const calls: FaultCall[] = [];
    faults.before("send", (call) => calls.push(call));
    connection.send(message(WRITE, "data/x\0seven"));
    connection.send(message(TRANSACTION_START, "\0"));
    connection.send(message(99, "?"));
    expect(calls).toEqual([
      { part: "store", kind: "send", number: 1, operation: "write", path: "data/x", grefs: [] },
      { part: "store", kind: "send", number: 2, operation: "start a transaction", grefs: [] },
      { part: "store", kind: "send", number: 3, grefs: [] },
    ]);
    connection.close();
  });

  test("ends a XenStore with `disconnected`, and another one can be opened", async () => {
    const domain = faults.wrap(xen.domain(1));
    for (const kind of ["send", "receive", "wait"] as const) {
      using store = await XenStore.open(domain);
      faults.fail(kind, { part: "store" });
      await expect(store.read("domid")).rejects.toMatchObject({ code: "disconnected" });
      expect(faults.injected(kind)).toBe(1);
    }
    faults.fail("open", { part: "store" });
    await expect(XenStore.open(domain)).rejects.toThrow("a fault was injected into call 4 of `open`");
  });
});

describe("reply()", () => {
  /** Sends a request, and returns what arrives. */
  async function ask(type: number, text: string, transaction = 0, request = 1): Promise<TextMessage[]> {
    const connection = backend.open();
    try {
      connection.send(message(type, text, request, transaction));
      return await arrived(connection);
    } finally {
      connection.close();
    }
  }

  test("with `error` refuses the request, which the daemon does not receive, as often as it is told", async () => {
    const rule = faults.reply({ to: "write", error: "ENOSPC", times: 2 });
    for (const _ of [1, 2]) {
      expect(await ask(WRITE, "data/x\0y", 0, 7)).toEqual([{
        type: ERROR,
        request: 7,
        transaction: 0,
        text: "ENOSPC\0",
      }]);
      expect((await ask(READ, "data/x\0"))[0]!.text).toBe("ENOENT\0");
    }
    expect([rule.fired, faults.injected("send", "store")]).toEqual([2, 2]);
    expect((await ask(WRITE, "data/x\0y"))[0]!.text).toBe("OK\0");
    expect((await ask(READ, "data/x\0"))[0]!.text).toBe("y");
  });

  test("with `error` to a watch makes none", async () => {
    faults.reply({ to: "watch", error: "E2BIG" });
    const connection = backend.open();
    connection.send(message(WATCH, "data\0token\0"));
    expect(await arrived(connection)).toMatchObject([{ type: ERROR, text: "E2BIG\0" }]);
    expect(xen.inspect().domains.at(-1)!.connections).toMatchObject([{ watches: 0 }]);
    connection.close();
  });

  test("with `error` to the end of a transaction ends it without its changes", async () => {
    const connection = backend.open();
    connection.send(message(TRANSACTION_START, "\0"));
    const transaction = parseInt((await arrived(connection))[0]!.text);
    connection.send(message(WRITE, "data/x\0y", 2, transaction));
    expect((await arrived(connection))[0]!.text).toBe("OK\0");
    faults.reply({ to: "end a transaction", error: "EAGAIN" });
    connection.send(message(TRANSACTION_END, "T\0", 3, transaction));
    expect(await arrived(connection)).toEqual([{ type: ERROR, request: 3, transaction, text: "EAGAIN\0" }]);
    expect(xen.inspect().domains.at(-1)!.connections).toMatchObject([{ transactions: 0 }]);
    connection.send(message(READ, "data/x\0", 4));
    expect((await arrived(connection))[0]!.text).toBe("ENOENT\0");
    connection.close();
  });

  test("changes only what `to` and `path` name, and `nth` counts", async () => {
    faults.reply({ to: "read", path: "name", nth: 2, error: "EIO" });
    const texts: string[] = [];
    for (const path of ["name", "domid", "name", "name"]) texts.push((await ask(READ, `${path}\0`))[0]!.text);
    expect(texts).toEqual(["domain-1", "1", "EIO\0", "domain-1"]);
    faults.reply({ error: "EBUSY" });
    expect((await ask(99, ""))[0]!.text).toBe("EBUSY\0");
  });

  test("with `delay` lets other replies and events overtake", async () => {
    const connection = backend.open();
    faults.reply({ to: "read", delay: 20 });
    connection.send(message(READ, "domid\0", 1));
    connection.send(message(READ, "name\0", 2));
    connection.send(message(WATCH, "data\0t\0", 3));
    const first = await arrived(connection);
    expect(first.map(({ type, request }) => type === WATCH_EVENT ? "event" : request)).toEqual([2, "event", 3]);
    expect(await arrived(connection)).toMatchObject([{ type: READ, request: 1, text: "1" }]);
    connection.close();
  });

  test("with an endless `delay` swallows the reply, and a delayed one does not come after `close()`", async () => {
    const connection = backend.open();
    faults.reply({ delay: Infinity });
    faults.reply({ delay: 5 });
    connection.send(message(READ, "domid\0", 1));
    connection.send(message(READ, "name\0", 2));
    await settle();
    expect(takeAll(connection)).toEqual([]);
    connection.close();
    await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test("with `bytes` puts them in place of the reply", async () => {
    const bytes = message(READ, "other", 1);
    faults.reply({ bytes });
    bytes.fill(0);
    expect(await ask(READ, "domid\0")).toEqual([{ type: READ, request: 1, transaction: 0, text: "other" }]);
    using store = await XenStore.open(faults.wrap(xen.domain(1)));
    faults.reply({ bytes: new Uint8Array(16).fill(255) });
    await expect(store.read("domid")).rejects.toMatchObject({ code: "disconnected" });
  });

  test("with `disconnect` loses the connection after the daemon has carried the request out", async () => {
    const connection = backend.open();
    connection.send(message(READ, "name\0", 1));
    faults.reply({ disconnect: true });
    connection.send(message(WRITE, "data/x\0y", 2));
    connection.send(message(READ, "name\0", 3));
    await readable(connection);
    const bytes = new Uint8Array(100);
    expect(connection.receive(bytes)).toBe(24);
    for (const _ of [1, 2]) {
      expect(() => connection.receive(bytes)).toThrow(expect.objectContaining({ code: "disconnected" }));
      await readable(connection);
    }
    expect(() => connection.send(message(READ, "name\0", 4))).toThrow(
      expect.objectContaining({ code: "disconnected" }),
    );
    connection.close();
    expect((await ask(READ, "data/x\0"))[0]!.text).toBe("y");
  });

  test("does not put a reply into a message of which a part was taken before", async () => {
    const connection = backend.open();
    connection.send(message(READ, "name\0", 1));
    await readable(connection);
    const bytes = new Uint8Array(100);
    expect(connection.receive(bytes.subarray(0, 18))).toBe(18);
    faults.reply({ error: "EIO" });
    connection.send(message(READ, "domid\0", 2));
    faults.reply({ bytes: message(READ, "other", 3) });
    connection.send(message(READ, "domid\0", 3));
    await settle();
    const count = 18 + connection.receive(bytes.subarray(18));
    const joined = new Joiner().add(bytes.subarray(0, count));
    expect(joined.map(({ request, text }) => [request, text])).toEqual([[1, "domain-1"], [2, "EIO\0"], [3, "other"]]);
    connection.close();
  });

  test("does not count where the request is refused before it is sent", async () => {
    const connection = backend.open();
    const rule = faults.reply({ delay: 0 });
    expect(() => connection.send(message(READ, "domid\0").subarray(0, 20))).toThrow(RangeError);
    expect([rule.fired, faults.injected()]).toEqual([0, 0]);
    connection.send(message(READ, "domid\0"));
    expect(rule.fired).toBe(1);
    await arrived(connection);
    expect(await arrived(connection)).toMatchObject([{ text: "1" }]);
    connection.close();
  });

  test.each<[object, string]>([
    [{}, "as one of `error`, `delay`, `bytes` and `disconnect` must be given"],
    [{ error: "EIO", delay: 1 }, "as one of `error`, `delay`, `bytes` and `disconnect` must be given"],
    [{ error: "no space" }, 'as `error` must be the name of an error, such as "ENOSPC": current value is "no space"'],
    [{ error: 7 }, "as `error` must be a string: current value is 7"],
    [
      { delay: -1 },
      "as `delay`, if it is not Infinity, must be a whole number from 0 to 2147483647: current value is -1",
    ],
    [{ bytes: [1] }, "as `bytes` must be a Uint8Array: current value is an array"],
    [{ disconnect: false }, "as `disconnect` must be true or left out: current value is false"],
    [{ error: "EIO", path: 7 }, "as `path` must be a string: current value is 7"],
    [{ error: "EIO", nth: 0 }, "as `nth` must be a whole number from 1 to 9007199254740991: current value is 0"],
    [{ error: "EIO", part: "store" }, "as there is no option `part`"],
    [{ error: "EIO", to: "open" }, 'as `to` must be one of "list", "read", "get permissions", "watch"'],
  ])("refuses %o", (options, message) => {
    expect(() => faults.reply(options as ReplyOptions)).toThrow(`Cannot change replies ${message}`);
  });

  test("refuses no options at all", () => {
    expect(() => faults.reply(undefined as unknown as ReplyOptions)).toThrow("must be given");
  });
});

describe("split()", () => {
  test.each([1, 7, 16])("has pieces of %i bytes arrive in turns of their own", async (size) => {
    const rule = faults.split({ size });
    const connection = backend.open();
    connection.send(message(READ, "name\0"));
    const bytes: number[] = [];
    const piece = new Uint8Array(100);
    while (bytes.length < 24) {
      await readable(connection);
      const count = connection.receive(piece);
      expect(count).toBeLessThanOrEqual(size);
      expect(connection.receive(piece)).toBe(0);
      bytes.push(...piece.subarray(0, count));
    }
    expect(new TextDecoder().decode(Uint8Array.from(bytes).subarray(16))).toBe("domain-1");
    expect(rule.fired).toBe(Math.ceil(24 / size));
    rule.clear();
    connection.send(message(READ, "name\0"));
    await readable(connection);
    expect(connection.receive(piece)).toBe(24);
    connection.close();
  });

  test("splits changed replies, too, and a program that asks again and again gets all pieces", async () => {
    faults.split({ size: 5 });
    faults.reply({ error: "EIO" });
    const connection = backend.open();
    connection.send(message(READ, "name\0"));
    await settle();
    const piece = new Uint8Array(100);
    const counts = Array.from({ length: 10 }, () => connection.receive(piece));
    expect(counts).toEqual([5, 0, 5, 0, 5, 0, 5, 0, 0, 0]);
    connection.close();
  });

  test("does not disturb a XenStore", async () => {
    faults.split();
    using store = await XenStore.open(faults.wrap(xen.domain(1)));
    const value = "x".repeat(300);
    await store.write("data/x", value);
    expect(await Promise.all([store.readText("data/x"), store.readText("name")])).toEqual([value, "domain-1"]);
  });

  test("refuses a wrong size", () => {
    expect(() => faults.split({ size: 0 })).toThrow("Cannot split messages as `size` must be a whole number from 1");
    expect(() => faults.split({ pieces: 1 } as object)).toThrow(
      "there is no option `pieces`: the only option is `size`",
    );
  });
});

describe("disconnect()", () => {
  /** Takes what has arrived, by one call. */
  function takeOnce(connection: StoreConnection): TextMessage[] {
    const bytes = new Uint8Array(100);
    return new Joiner().add(bytes.subarray(0, connection.receive(bytes)));
  }

  test("keeps what has arrived, in pieces and behind a part of a message that was taken", async () => {
    const connection = backend.open();
    connection.send(message(READ, "name\0", 1));
    connection.send(message(READ, "domid\0", 2));
    await settle();
    const bytes = new Uint8Array(100);
    expect(connection.receive(bytes.subarray(0, 5))).toBe(5);
    connection.send(message(READ, "name\0", 3));
    faults.disconnect();
    let count = 5;
    while (count < 41) count += connection.receive(bytes.subarray(count, count + 3));
    expect(new Joiner().add(bytes.subarray(0, count)).map(({ text }) => text)).toEqual(["domain-1", "1"]);
    expect(() => connection.receive(bytes)).toThrow(expect.objectContaining({ code: "disconnected" }));
    connection.close();
  });

  test("loses the open connections, whoever waits, and no later ones", async () => {
    const [one, two] = [backend.open(), backend.open()];
    const waiting = readable(one);
    two.send(message(READ, "name\0"));
    await readable(two);
    faults.disconnect();
    await waiting;
    expect(takeOnce(two).map(({ text }) => text)).toEqual(["domain-1"]);
    for (const connection of [one, two]) {
      expect(() => connection.receive(new Uint8Array(9))).toThrow(expect.objectContaining({ code: "disconnected" }));
      expect(() => connection.send(message(READ, "name\0"))).toThrow("the daemon has closed the connection");
      connection.close();
    }
    const other = backend.open();
    other.send(message(READ, "name\0"));
    expect((await arrived(other))[0]!.text).toBe("domain-1");
    other.close();
    faults.disconnect();
  });

  test("ends a watch and a wait of a XenStore", async () => {
    const domain = faults.wrap(xen.domain(1));
    using store = await XenStore.open(domain);
    const next = store.watch("data");
    await next.next();
    const waits = [next.next(), store.waitFor("data/x", () => true, { timeout: 5000 })];
    faults.disconnect();
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: "disconnected" });
  });
});

describe("an inner backend that breaks its contract", () => {
  test("is passed on unchanged, for the client to refuse", () => {
    for (const nonsense of [undefined, null, "7", NaN, {}, -1, 1e9]) {
      const store = {
        name: "lying",
        open: () => ({
          maxPayload: nonsense,
          send: () => nonsense,
          receive: () => nonsense,
          whenReadable: () => nonsense,
          close() {},
        }),
      } as unknown as StoreBackend;
      const connection = faults.wrap({ store }).store.open();
      expect(connection.maxPayload).toBe(nonsense);
      expect(connection.receive(new Uint8Array(4))).toBe(nonsense);
      expect(connection.whenReadable(() => {})).toBe(nonsense);
      for (const when of ["receive", "wait"] as const) faults.fail(when, { part: "store", when: "after", error: boom });
      expect(() => connection.receive(new Uint8Array(4))).toThrow(boom);
      expect(() => connection.whenReadable(() => {})).toThrow(boom);
      connection.close();
    }
  });

  test("sends garbage, which arrives as it is, also when a reply is to be changed", () => {
    const garbage = new Uint8Array(40).fill(200);
    let left: Uint8Array[] = [];
    const store: StoreBackend = {
      name: "garbage",
      open: () => ({
        maxPayload: 4096,
        maxInFlight: Infinity,
        send: () => void (left = [garbage.subarray(0, 10), garbage.subarray(10)]),
        receive: (bytes) => {
          const piece = left.shift();
          if (piece) bytes.set(piece);
          return piece?.length ?? 0;
        },
        whenReadable: () => () => {},
        close() {},
      }),
    };
    const connection = faults.wrap({ store }).store.open();
    faults.reply({ delay: 0 });
    connection.send(message(READ, "name\0"));
    const bytes = new Uint8Array(100);
    expect(connection.receive(bytes)).toBe(40);
    expect(bytes.subarray(0, 40)).toEqual(garbage);
    connection.close();
  });
});
