/** Traces of XenStore: what they show of messages, and replays that wait for replies and events. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen, type MockXenOptions } from "../../backends/mock.ts";
import { parseTrace, replay, replayAsync, type ReplayOptions, type TraceCall } from "../../backends/record.ts";
import type { StoreBackend } from "../../src/contract/backend.ts";
import { StoreError } from "../../src/contract/store_errors.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { HEADER, recording } from "../support/recorded.ts";
import { message, readable, takeAll } from "../support/store_messages.ts";
import { thrown } from "../support/thrown.ts";

const { READ, TRANSACTION_END, TRANSACTION_START, WATCH, WRITE } = StoreMessage;

/** Replays in domain 1 of a new machine, and checks that nothing is left. */
async function replayed(trace: string | string[], options: MockXenOptions & Partial<ReplayOptions> = {}) {
  const { marks, domains, ...machine } = options;
  const xen = new MockXen(machine);
  const report = await replayAsync(trace, { domains: domains ?? [xen.domain(1)], ...(marks ? { marks } : {}) });
  expect(report.left).toEqual([]);
  xen.assertClean();
  return report;
}

/** The lines of a trace without those of waits, whose number depends on the machine. */
function linesOf(trace: string[]): object[] {
  return trace.slice(1).map((line) => JSON.parse(line)).filter(({ call }) => call !== "wait");
}

describe("a trace of XenStore", () => {
  test("has requests, replies and events that people can read", async () => {
    const { trace, recorder } = recording();
    const { store } = recorder.wrap(new MockXen().domain(1));
    const connection = store.open();
    connection.send(message(TRANSACTION_START, "\0", 1));
    await readable(connection);
    takeAll(connection);
    connection.send(message(WRITE, "data/port\x007", 2, 1));
    connection.send(message(WRITE, "data/raw\0\xff\0", 3, 1));
    await readable(connection);
    takeAll(connection);
    connection.send(message(WATCH, "data\0token\0", 4));
    connection.send(message(99, "", 5));
    await readable(connection);
    takeAll(connection, 5);
    connection.close();
    expect(linesOf(trace)).toEqual([
      { part: "store", call: "open", backend: "mock", file: 1 },
      { part: "store", call: "send", file: 1, message: { type: "TRANSACTION_START", request: 1, strings: ["", ""] } },
      {
        part: "store",
        call: "receive",
        file: 1,
        messages: [{ type: "TRANSACTION_START", request: 1, strings: ["1", ""] }],
      },
      {
        part: "store",
        call: "send",
        file: 1,
        message: { type: "WRITE", request: 2, transaction: 1, strings: ["data/port", "7"] },
      },
      {
        part: "store",
        call: "send",
        file: 1,
        message: { type: "WRITE", request: 3, transaction: 1, hex: "646174612f72617700ff00" },
      },
      {
        part: "store",
        call: "receive",
        file: 1,
        messages: [2, 3].map((request) => ({ type: "WRITE", request, transaction: 1, strings: ["OK", ""] })),
      },
      {
        part: "store",
        call: "send",
        file: 1,
        message: { type: "WATCH", request: 4, strings: ["data", "token", ""] },
      },
      { part: "store", call: "send", file: 1, message: { type: 99, request: 5, strings: [""] } },
      // Taken in pieces, of which those are in the trace that complete a message.
      { part: "store", call: "receive", file: 1, messages: [{ type: "WATCH_EVENT", strings: ["data", "token", ""] }] },
      { part: "store", call: "receive", file: 1, messages: [{ type: "WATCH", request: 4, strings: ["OK", ""] }] },
      { part: "store", call: "receive", file: 1, messages: [{ type: "ERROR", request: 5, strings: ["ENOSYS", ""] }] },
      { part: "store", call: "close", file: 1 },
    ]);
    expect(trace.filter((line) => line.includes(`"wait"`))).toHaveLength(3);
  });

  test("has errors with the codes of StoreError, and what is no message as garbage", () => {
    const { trace, recorder } = recording();
    const xen = new MockXen();
    const { store } = recorder.wrap({ store: xen.domain(1).storeSocket });
    expect(() => store.open()).toThrow(StoreError);
    const faults = new Faults();
    const faulty = recorder.wrap(faults.wrap(xen.domain(2))).store.open();
    expect(() => faulty.send(message(READ, "domid\0").subarray(0, 20))).toThrow(RangeError);
    expect(() => faulty.send(Uint8Array.of(1, 2))).toThrow(RangeError);
    faults.disconnect();
    expect(() => faulty.receive(new Uint8Array(9))).toThrow(StoreError);
    faulty.close();
    const hex = "020000000100000000000000" + "06000000" + "646f6d69";
    expect(linesOf(trace)).toMatchObject([
      { call: "open", error: { code: "no-device" } },
      { call: "open", domain: 1 },
      { call: "send", message: { type: "garbage", hex }, error: { code: "backend-failed" } },
      { call: "send", message: { type: "garbage", hex: "0102" }, error: { code: "backend-failed" } },
      { call: "receive", error: { code: "disconnected" } },
      { call: "close" },
    ]);
    expect(parseTrace(trace).calls).toHaveLength(6);
  });

  test("is written however a backend breaks its contract", () => {
    const { trace, recorder } = recording();
    for (const nonsense of [undefined, null, "7", NaN, {}, -1, 1e9]) {
      const lying = { send: () => nonsense, receive: () => nonsense, whenReadable: () => nonsense, close() {} };
      const store = { name: "lying", open: () => ({ maxPayload: 1, ...lying }) } as unknown as StoreBackend;
      const connection = recorder.wrap({ store }).store.open();
      connection.send("no bytes" as never);
      expect(connection.receive(new Uint8Array(3))).toBe(nonsense);
      connection.whenReadable(() => {});
      connection.close();
    }
    expect(recorder.failure).toBe(undefined);
    expect(parseTrace(trace).calls).toHaveLength(28);
  });

  test("contains all that a client does, and changes nothing", async () => {
    const { trace, recorder } = recording();
    using store = await XenStore.open(recorder.wrap(new MockXen().domain(1)));
    await store.write("data/x", "é");
    expect(await store.readText("data/x")).toBe("é");
    const calls = parseTrace(trace).calls as (TraceCall & { message?: { strings: string[] } })[];
    expect(calls.filter(({ call }) => call === "send").map(({ message }) => message!.strings)).toEqual([
      ["domid", ""],
      ["data/x", "é"],
      ["data/x", ""],
    ]);
  });
});

describe("replayAsync()", () => {
  /** Records a program in domain 1. */
  async function record(program: (store: XenStore, xen: MockXen) => Promise<void>, options?: MockXenOptions) {
    const { trace, recorder } = recording();
    const xen = new MockXen(options);
    const store = await XenStore.open(recorder.wrap(xen.domain(1)));
    await program(store, xen);
    store.close();
    xen.assertClean();
    return trace;
  }

  /** Watches, waits, transactions, lists: everything at once. */
  async function everything(store: XenStore): Promise<void> {
    const watch = store.watch("data");
    await watch.next();
    const ready = store.waitFor("data/ready", (value) => value === "yes");
    await Promise.all([1, 2, 3].map((value) => store.write(`data/list/${value}`, value)));
    await store.transaction(async (transaction) => {
      await transaction.write("data/counted", 1);
      expect(await transaction.list("data/list")).toHaveLength(3);
    });
    await store.write("data/ready", "no");
    await store.write("data/ready", "yes");
    await ready;
    await store.setPermissions("data/ready", [{ domid: 1, access: "none" }, { domid: 0, access: "read" }]);
    await store.remove("data/list");
    await watch.next();
    watch.close();
    await expect(store.read("data/list/1")).rejects.toMatchObject({ code: "not-found" });
    expect(await store.ownDomid()).toBe(1);
  }

  test.each(["xenstored", "oxenstored"] as const)(
    "finds no difference on a machine like the first, %s",
    async (daemon) => {
      const trace = await record(everything, { store: { daemon } });
      const { difference, calls } = await replayed(trace, { store: { daemon } });
      expect(difference?.message).toBe(undefined);
      expect(calls).toBe(trace.length - 1);
    },
  );

  test("finds no difference where transactions have other numbers", async () => {
    const trace = await record(async (store) => {
      await store.transaction((transaction) => transaction.write("data/x", 1));
    });
    const xen = new MockXen();
    const other = xen.domain(1).store.open();
    for (let id = 1; id < 5; id++) other.send(message(TRANSACTION_START, "\0", id));
    for (let id = 1; id < 5; id++) other.send(message(TRANSACTION_END, "F\0", id, id));
    const { difference } = await replayed(trace, { domains: [xen.domain(1)] });
    expect(difference?.message).toBe(undefined);
    other.close();
    expect(trace.join("\n")).toContain(`"type":"WRITE","request":3,"transaction":1`);
  });

  test("names the first reply that differs", async () => {
    const trace = await record(async (store) => {
      await store.write("data/x", "1");
      await store.read("data/x");
    });
    const refused = [HEADER, ...trace.slice(1)].map((line) => line.replaceAll(`"strings":["1"]`, `"strings":["2"]`));
    const { difference } = await replayed(refused);
    expect(difference).toMatchObject({
      call: { call: "receive" },
      expected: { messages: [{ type: "READ", strings: ["2"] }] },
      got: { messages: [{ type: "READ", strings: ["1"] }] },
    });
    const full = await replayed(trace, { store: { nodes: 0 } });
    expect(full.difference?.got).toMatchObject({ messages: [{ type: "ERROR", request: 2, strings: ["ENOSPC", ""] }] });
  });

  test("takes lists in any order, and parts of lists of any generation, for the same", async () => {
    const open = `{"part":"store","call":"open","file":1}`;
    const send = (message: string) => `{"part":"store","call":"send","file":1,"message":${message}}`;
    const receive = (message: string) => `{"part":"store","call":"receive","file":1,"messages":[${message}]}`;
    const { difference, openAtEnd } = await replayed([
      HEADER,
      open,
      send(`{"type":"DIRECTORY","request":1,"strings":["control",""]}`),
      receive(
        `{"type":"DIRECTORY","request":1,"strings":["sysrq","shutdown","feature-suspend","feature-reboot",` +
          `"feature-poweroff","platform-feature-xs_reset_watches","platform-feature-multiprocessor-suspend",""]}`,
      ),
      send(`{"type":"DIRECTORY_PART","request":2,"strings":["device","0",""]}`),
      receive(`{"type":"DIRECTORY_PART","request":2,"strings":["987654","suspend","",""]}`),
    ]);
    expect(difference?.message).toBe(undefined);
    expect(openAtEnd).toEqual(["file 1"]);
  });

  test("needs the events of others to be sent again, and compares their paths and tokens alone", async () => {
    const { trace, recorder } = recording();
    const xen = new MockXen();
    const store = await XenStore.open(recorder.wrap(xen.domain(1)));
    const peer = await XenStore.open(xen.domain(0));
    const watch = store.watch("data");
    await watch.next();
    recorder.mark("the peer writes", "data/command");
    await peer.write("/local/domain/1/data/command", "stop");
    expect((await watch.next()).value).toBe("data/command");
    watch.close();
    store.close();
    peer.close();

    const machine = new MockXen();
    const other = machine.domain(0).store.open();
    const marks = {
      "the peer writes": (path: unknown) => {
        for (const id of [1, 2]) other.send(message(WRITE, `/local/domain/1/${path}\0go`, id));
      },
    };
    const { difference } = await replayed(trace, { domains: [machine.domain(1)], marks });
    expect(difference?.message).toBe(undefined);
    other.close();

    const alone = await replayed(trace);
    expect(alone.difference).toMatchObject({
      expected: { messages: [{ type: "WATCH_EVENT", strings: ["data/command", "1", ""] }] },
      got: { messages: [] },
    });
  });

  test("compares errors by their codes", async () => {
    const lost = [
      HEADER,
      `{"part":"store","call":"open","file":1}`,
      `{"part":"store","call":"receive","file":1,"error":{"code":"disconnected","message":"gone"}}`,
    ];
    const faults = new Faults();
    const xen = new MockXen();
    const domains = [faults.wrap(xen.domain(1))];
    faults.after("receive", () => faults.disconnect());
    expect((await replayed(lost, { domains })).difference?.message).toBe(undefined);
    const refused = [HEADER, `{"part":"store","call":"open","error":{"code":"no-device","message":""}}`];
    expect((await replayed(refused)).difference).toMatchObject({ line: 2, got: {} });
    const broken = [
      HEADER,
      `{"part":"store","call":"open","file":1}`,
      `{"part":"store","call":"wait","file":1}`,
      `{"part":"store","call":"send","file":1,"message":{"type":"garbage","hex":"00"},` +
      `"error":{"code":"backend-failed"}}`,
    ];
    expect((await replayed(broken)).difference?.message).toBe(undefined);
    faults.clear();
    faults.fail("wait", { part: "store", error: new StoreError("no", { code: "permission", operation: "wait" }) });
    expect((await replayed(broken, { domains })).difference?.got).toMatchObject({ error: { code: "permission" } });
    const waiting = [
      HEADER,
      `{"part":"store","call":"open","file":1}`,
      `{"part":"store","call":"receive","file":1,"messages":[{"type":"READ","request":7,"strings":["x"]}]}`,
    ];
    faults.fail("wait", { part: "store" });
    expect((await replayed(waiting, { domains })).difference?.got).toMatchObject({ error: { code: "backend-failed" } });
  });

  test("gives up after two seconds, and closes what it opened", async () => {
    const lines = [
      HEADER,
      `{"part":"store","call":"open","file":1}`,
      `{"part":"store","call":"receive","file":1,"messages":[{"type":"READ","request":7,"strings":["x"]}]}`,
    ];
    const begin = performance.now();
    expect((await replayed(lines)).difference?.got).toEqual({ messages: [] });
    expect(performance.now() - begin).toBeGreaterThan(1900);
  });

  test("replays other parts, too, and rejects with what a mark's handler throws", async () => {
    const { trace, recorder } = recording();
    const { grants } = recorder.wrap(new MockXen().domain(1));
    grants.open().close();
    recorder.mark("boom");
    expect((await replayed(trace)).calls).toBe(2);
    const boom = new Error("boom");
    const marks = {
      boom() {
        throw boom;
      },
    };
    await expect(replayed(trace, { marks })).rejects.toBe(boom);
  });

  test("rejects a file that is not open, after it has closed the others", async () => {
    const xen = new MockXen();
    const lines = [
      HEADER,
      `{"part":"store","call":"open","file":1}`,
      `{"part":"store","call":"send","file":2,"message":{"type":"READ","request":1,"strings":["domid",""]}}`,
    ];
    await expect(replayAsync(lines, { domains: [xen.domain(1)] })).rejects.toThrow(
      'in line 3, `file` must be one that is open in the part "store": current value is 2',
    );
    xen.assertClean();
  });
});

test("replay() refuses XenStore, because it cannot wait", () => {
  const lines = [HEADER, `{"call":"mark","name":"x"}`, `{"part":"store","call":"open","file":1}`];
  expect(thrown(() => replay(lines, { domains: [new MockXen().domain(1)] })).message).toBe(
    'Cannot use the trace: in line 3, `part` must not be "store", because `replay()` cannot wait for the replies: ' +
      "use `replayAsync()`",
  );
});

test.each([
  `"message":{"type":"READ","strings":["domid",""]}`,
  `"message":{"type":"REED","request":1,"strings":[""]}`,
  `"message":{"type":-1,"request":1,"strings":[""]}`,
  `"message":{"type":2,"request":-1,"strings":[""]}`,
  `"message":{"type":2,"request":1,"transaction":0.5,"strings":[""]}`,
  `"message":{"type":2,"request":1}`,
  `"message":{"type":2,"request":1,"strings":[]}`,
  `"message":{"type":2,"request":1,"strings":[7]}`,
  `"message":{"type":2,"request":1,"strings":[""],"hex":""}`,
  `"message":{"type":2,"request":1,"hex":"0"}`,
  `"message":null`,
  `"other":1`,
])("a trace with a request %s is refused", (field) => {
  expect(() => parseTrace([HEADER, `{"part":"store","call":"send","file":1,${field}}`])).toThrow(
    "in line 2, `message` must be a message with a `request`; messages have a known `type`",
  );
});
