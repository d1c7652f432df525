/** Connections to the simulated XenStore: what they carry, when, and what ends them. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { encodeMessage, StoreMessage } from "../../../src/contract/store_wire.ts";
import { latin1 } from "../../support/store_messages.ts";
import { arrival, Client } from "./client.ts";

let xen: MockXen;
let dom0: Client;
let one: Client;

beforeEach(() => {
  xen = new MockXen();
  dom0 = new Client(xen.domain(0).storeSocket);
  one = new Client(xen.domain(1).store);
});

describe("a message", () => {
  test("arrives in a later turn of the event loop, in the order of the requests", async () => {
    const [a, b] = [one.send(StoreMessage.READ, "domid\0"), one.send(StoreMessage.READ, "none\0")];
    expect(one.take()).toEqual([]);
    await Promise.resolve();
    expect(one.take()).toEqual([]);
    await arrival();
    expect(one.take().map(({ request, text }) => [request, text])).toEqual([[a, "1"], [b, "ENOENT\0"]]);
  });

  test("is received in parts of any size", async () => {
    for (let room = 1; room < 60; room++) {
      one.send(StoreMessage.READ, "name\0");
      one.send(StoreMessage.READ, "domid\0");
      await arrival();
      expect(one.take(room).map(({ text }) => text)).toEqual(["domain-1", "1"]);
    }
  });

  test("is not kept by the connection", async () => {
    const message = encodeMessage(StoreMessage.WRITE, 99, 0, latin1("data/x\0value"));
    one.connection.send(message);
    message.fill(0);
    expect(await one.read("data/x")).toBe("value");
    const reply = new Uint8Array(100);
    one.send(StoreMessage.READ, "data/x\0");
    await arrival();
    expect(one.connection.receive(reply)).toBe(21);
    reply.fill(0);
    expect(await one.read("data/x")).toBe("value");
  });

  test("has at most 4080 bytes of payload on the device, and 4096 on a socket", async () => {
    for (const [client, most] of [[one, 4080], [dom0, 4096]] as const) {
      expect(client.connection.maxPayload).toBe(most);
      expect(await client.ask(StoreMessage.READ, "x".repeat(most))).toBe("EINVAL");
      expect(() => client.send(StoreMessage.READ, "x".repeat(most + 1))).toThrow(
        `Cannot send a request as it must have from 16 to ${most + 16} bytes: current value is ${most + 17}`,
      );
    }
  });

  test("must be whole", () => {
    expect(() => one.connection.send(new Uint8Array(15))).toThrow(RangeError);
    const message = encodeMessage(StoreMessage.READ, 1, 0, latin1("domid\0"));
    expect(() => one.connection.send(message.subarray(0, 20))).toThrow(
      "its header must give the length of its payload, 4: current value is 6",
    );
    expect(() => one.connection.receive(new Uint8Array(0))).toThrow("must have at least 1 byte");
  });
});

describe("whenReadable()", () => {
  test("calls back once, in a turn of its own, when there is something to receive", async () => {
    let calls = 0;
    one.connection.whenReadable(() => calls++);
    await sleep(5);
    expect(calls).toBe(0);
    one.send(StoreMessage.READ, "domid\0");
    expect(calls).toBe(0);
    await arrival();
    expect(calls).toBe(1);
    one.connection.whenReadable(() => calls++);
    expect(calls).toBe(1);
    await arrival();
    expect(calls).toBe(2);
    one.take();
    one.connection.whenReadable(() => calls++)();
    one.send(StoreMessage.READ, "domid\0");
    await sleep(5);
    expect(calls).toBe(2);
  });

  test("lets timers have their turn while two domains answer each other for ever", async () => {
    let rounds = 0;
    await dom0.watch("/local/domain/1/data", "t");
    const again = () => {
      rounds++;
      dom0.take();
      one.send(StoreMessage.WRITE, "data\0");
      dom0.connection.whenReadable(again);
    };
    again();
    // A timer that got no turn would wait here for ever.
    while (rounds <= 10) await sleep(1);
    dom0.connection.close();
  });
});

describe("on the device", () => {
  test("RESET_WATCHES is unknown, as it would end the kernel's own watches", async () => {
    await one.watch("data", "t");
    expect(await one.ask(StoreMessage.RESET_WATCHES, "\0")).toBe("ENOSYS");
    await one.seen();
    await one.write("data", "");
    expect(await one.seen()).toEqual(["data t"]);
  });

  test("domain 0 may do everything, too", async () => {
    const device = new Client(xen.domain(0).store);
    expect(await device.read("/local/domain/1/data")).toBe("");
    expect(await device.ask(StoreMessage.IS_DOMAIN_INTRODUCED, "1\0")).toBe("T");
    for (let index = 0; index < 200; index++) expect(await device.watch("/x", "t")).toBe("OK");
  });

  test("a refused WATCH is an error in reply", async () => {
    const request = one.send(StoreMessage.WATCH, "/a//b\0t\0", 5);
    await arrival();
    expect(one.take()).toEqual([{ type: StoreMessage.ERROR, request, transaction: 5, text: "EINVAL\0" }]);
  });
});

describe("close()", () => {
  test("ends the watches and transactions of the connection, and no others", async () => {
    for (const open of [() => new Client(xen.domain(1).store), () => new Client(xen.domain(0).storeSocket)]) {
      const [closed, other] = [open(), open()];
      for (const client of [closed, other]) {
        await client.watch("/local/domain/1/data", "t");
        await client.seen();
      }
      const id = await closed.start();
      await closed.write("/local/domain/1/data/lost", "", id);
      closed.connection.close();
      await one.write("data/x", "");
      expect(await other.seen()).toEqual(["/local/domain/1/data/x t"]);
      expect(await one.read("data/lost")).toBe("ENOENT");
      other.connection.close();
    }
    one.connection.close();
    dom0.connection.close();
    xen.assertClean();
  });

  test("gives back what counts toward quotas", async () => {
    const machine = new MockXen({ store: { watches: 1, transactions: 1 } });
    for (let round = 0; round < 3; round++) {
      const client = new Client(machine.domain(1).store);
      expect(await client.watch("data", "t")).toBe("OK");
      await client.start();
      client.connection.close();
    }
  });
});

describe("`kill()`", () => {
  test.each(["store", "storeSocket"] as const)("ends the connections of `%s` of the program alone", async (way) => {
    const domain = xen.domain(way === "store" ? 1 : 0);
    const [program, survivor] = [domain.process(), domain.process()];
    const [dead, alive] = [new Client(program[way]), new Client(survivor[way])];
    const path = "/local/domain/1/data";
    for (const client of [dead, alive]) {
      await client.watch(path, "t");
      await client.seen();
    }
    const id = await dead.start();
    await dead.write(`${path}/lost`, "", id);
    let calls = 0;
    dead.connection.whenReadable(() => calls++);
    // A request that was sent is carried out, and nobody is there for the reply.
    dead.send(StoreMessage.WRITE, `${path}/sent\0`);
    program.kill();
    await one.write("data/x", "");
    expect(await alive.seen()).toEqual([`${path}/sent t`, `${path}/x t`]);
    expect(await one.list("data")).toBe("sent|x");
    expect(calls).toBe(0);
    expect(() => dead.send(StoreMessage.READ, "domid\0")).toThrow(
      expect.objectContaining({
        name: "StoreError",
        code: "closed",
        operation: "read",
        message: `Cannot read: this process of domain ${domain.domid} was killed. Open the store in another process.`,
      }),
    );
    expect(() => dead.take()).toThrow(`Cannot wait: this process of domain ${domain.domid} was killed. Open the store`);
    expect(() => program[way].open()).toThrow(expect.objectContaining({ code: "closed", operation: "open" }));
    dead.connection.whenReadable(() => calls++)();
    dead.connection.close();
    await sleep(5);
    expect(calls).toBe(0);
  });
});

test("`destroy()` ends all connections of the domain: none calls back, and their calls throw `closed`", async () => {
  let calls = 0;
  one.connection.whenReadable(() => calls++);
  one.send(StoreMessage.READ, "domid\0");
  xen.domain(1).destroy();
  await sleep(5);
  expect(calls).toBe(0);
  expect(() => one.take()).toThrow("domain 1 was destroyed. Open the store in another domain.");
  expect(() => one.send(StoreMessage.READ, "domid\0")).toThrow(expect.objectContaining({ code: "closed" }));
  one.connection.close();
});

test("only domain 0 has the socket", () => {
  expect(() => xen.domain(1).storeSocket.open()).toThrow(
    expect.objectContaining({
      code: "no-device",
      message: "Cannot open: domain 1 has no socket of XenStore's daemon, which runs in domain 0. " +
        "Use the `store` of the domain.",
    }),
  );
});

test("`inspect()` and `assertClean()` name open connections, with their watches and transactions", async () => {
  const file = new Client(xen.domain(1).process().store);
  await file.watch("data", "a");
  await file.watch("data", "b");
  await file.start();
  await dom0.watch("/", "t");
  expect(xen.inspect().domains.map(({ domid, connections }) => [domid, connections])).toEqual([
    [0, [{ process: 0, kind: "socket", watches: 1, transactions: 0 }]],
    [1, [
      { process: 0, kind: "device", watches: 0, transactions: 0 },
      { process: 1, kind: "device", watches: 2, transactions: 1 },
    ]],
  ]);
  expect(() => xen.assertClean()).toThrow(
    "The simulated Xen is not clean: domain 0 has the socket of XenStore open, with 1 watch; " +
      "domain 1 has the device of XenStore open; " +
      "process 1 of domain 1 has the device of XenStore open, with 2 watches and 1 transaction",
  );
  for (const client of [file, one, dom0]) client.connection.close();
  xen.assertClean();
});
