/** Watches of the simulated daemon in C. */
import { describe, expect, test } from "vitest";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Client } from "./client.ts";
import { dom0, one, two, useClients, xen } from "./clients.ts";

useClients();

const DATA = "/local/domain/1/data";

/** Watches, and takes the first event. */
async function watch(client: Client, path: string, token = "t"): Promise<void> {
  expect(await client.watch(path, token)).toBe("OK");
  expect(await client.seen()).toEqual([`${path} ${token}`]);
}

describe("WATCH", () => {
  test("fires once at first, whether there is a node or not, and whether the domain may know or not", async () => {
    await watch(two, `${DATA}/x/none`);
    await watch(two, "data");
    expect(await two.seen()).toEqual([]);
  });

  test("checks the path and the number of strings, and takes any text as a token", async () => {
    expect(await one.watch("/a//b", "t")).toBe("EINVAL");
    expect(await one.watch("", "t")).toBe("EINVAL");
    expect(await one.ask(StoreMessage.WATCH, "data\0")).toBe("EINVAL");
    expect(await dom0.ask(StoreMessage.WATCH, "/a\0t\0" + "1\0")).toBe("EINVAL");
    expect(await one.watch("@none", "t")).toBe("OK");
    expect(await one.watch("data", "")).toBe("OK");
  });

  test("ignores the transaction", async () => {
    expect(await dom0.ask(StoreMessage.WATCH, "/x\0t\0", 77)).toBe("OK");
    expect(await dom0.ask(StoreMessage.UNWATCH, "/x\0t\0", 77)).toBe("OK");
  });
});

describe("an event", () => {
  test("comes after WRITE, even of the same value, MKDIR that creates, RM and SET_PERMS", async () => {
    await watch(dom0, DATA);
    for (const make of [() => one.write("data/x", "v"), () => one.write("data/x", "v"), () => one.make("data/y")]) {
      await make();
      expect(await dom0.seen()).toHaveLength(1);
    }
    await one.make("data/y");
    expect(await dom0.seen()).toEqual([]);
    await one.allow("data/y", "r1");
    expect(await dom0.seen()).toEqual([`${DATA}/y t`]);
    await one.remove("data/y");
    expect(await dom0.seen()).toEqual([`${DATA}/y t`]);
    await one.remove("data/y");
    expect(await dom0.seen()).toEqual([]);
  });

  test("names the node that was named, and comes to watches on it and above it", async () => {
    await watch(dom0, "/", "root");
    await watch(dom0, `${DATA}/x/y`, "exact");
    await watch(dom0, `${DATA}/x/y/z`, "below");
    await watch(dom0, `${DATA}/x/ya`, "other");
    await one.write("data/x/y", "v");
    expect(await dom0.seen()).toEqual([`${DATA}/x/y root`, `${DATA}/x/y exact`]);
  });

  test("of RM comes to watches above for the node alone, and to watches exactly on what was below", async () => {
    await one.write("data/x/y/z", "v");
    await watch(dom0, DATA, "above");
    await watch(dom0, `${DATA}/x/y/z`, "z");
    await watch(dom0, `${DATA}/x/y`, "y");
    await watch(dom0, `${DATA}/x/none`, "none");
    await one.remove("data/x");
    expect(await dom0.seen()).toEqual([`${DATA}/x/y/z z`, `${DATA}/x/y y`, `${DATA}/x above`]);
  });

  test("has a relative path if the watch has", async () => {
    await watch(one, "data", "t");
    await one.write("data/x", "");
    expect(await one.seen()).toEqual(["data/x t"]);
    await dom0.write(`${DATA}/y`, "");
    expect(await one.seen()).toEqual(["data/y t"]);
  });

  test("comes to who may read the node, or its parent", async () => {
    await one.write("data/x/y", "");
    await watch(two, `${DATA}/x/y`);
    await one.write("data/x/y", "1");
    expect(await two.seen()).toEqual([]);
    await one.allow("data/x/y", "n1", "r2");
    expect(await two.seen()).toEqual([`${DATA}/x/y t`]);
    await one.write("data/x/y", "2");
    expect(await two.seen()).toEqual([`${DATA}/x/y t`]);
    // Who loses the right learns of it, and of nothing later.
    await one.allow("data/x/y", "n1");
    expect(await two.seen()).toEqual([`${DATA}/x/y t`]);
    await one.write("data/x/y", "3");
    expect(await two.seen()).toEqual([]);
    await one.allow("data/x", "n1", "r2");
    await one.write("data/x/y", "4");
    expect(await two.seen()).toEqual([`${DATA}/x/y t`]);
  });

  test("is dropped while an equal one is on its way", async () => {
    await watch(dom0, DATA);
    await watch(dom0, `${DATA}/x`);
    await one.write("data/x", "1");
    // Two watches with the same token have the same event.
    expect(await dom0.seen()).toEqual([`${DATA}/x t`]);
    for (const value of "123") one.send(StoreMessage.WRITE, `data/x\0${value}`);
    one.send(StoreMessage.WRITE, "data/y\0");
    expect(await dom0.seen()).toEqual([`${DATA}/x t`, `${DATA}/y t`]);
  });

  test("comes before the reply to the request that made it, and on a socket after that of WATCH", async () => {
    dom0.send(StoreMessage.WATCH, "/x\0t\0");
    expect(await dom0.order()).toEqual(["OK", "/x t"]);
    dom0.send(StoreMessage.WRITE, "/x\0v");
    expect(await dom0.order()).toEqual(["/x t", "OK"]);
    dom0.send(StoreMessage.SET_PERMS, "/x\0r0\0");
    expect(await dom0.order()).toEqual(["/x t", "OK"]);
    dom0.send(StoreMessage.RM, "/x\0");
    expect(await dom0.order()).toEqual(["/x t", "OK"]);
  });

  test("is not sent if it is too long", async () => {
    const token = "t".repeat(4070);
    await dom0.watch("/", token);
    expect(await dom0.seen()).toHaveLength(1);
    await dom0.write(`/${"x".repeat(24)}`, "");
    expect(await dom0.seen()).toEqual([]);
    await dom0.write(`/${"x".repeat(23)}`, "");
    expect(await dom0.seen()).toHaveLength(1);
  });
});

describe("on a socket", () => {
  test("the same path and token twice is refused, also if one path is relative", async () => {
    await watch(dom0, "/local/domain/0/x");
    expect(await dom0.watch("/local/domain/0/x", "t")).toBe("EEXIST");
    expect(await dom0.watch("x", "t")).toBe("EEXIST");
    expect(await dom0.watch("x", "u")).toBe("OK");
  });

  test("UNWATCH of what is not watched is ENOENT", async () => {
    await watch(dom0, "/x");
    expect(await dom0.unwatch("/x", "u")).toBe("ENOENT");
    expect(await dom0.unwatch("/y", "t")).toBe("ENOENT");
    expect(await dom0.unwatch("/x", "t")).toBe("OK");
    expect(await dom0.unwatch("/x", "t")).toBe("ENOENT");
    await dom0.write("/x", "");
    expect(await dom0.seen()).toEqual([]);
  });

  test("RESET_WATCHES ends all watches and transactions of the connection", async () => {
    const other = new Client(xen.domain(0).storeSocket);
    await watch(other, "/x");
    await watch(dom0, "/x");
    const id = await dom0.start();
    expect(await dom0.ask(StoreMessage.RESET_WATCHES, "\0")).toBe("OK");
    await dom0.write("/x", "");
    expect(await dom0.seen()).toEqual([]);
    expect(await other.seen()).toEqual(["/x t"]);
    expect(await dom0.end(id)).toBe("ENOENT");
  });
});

describe("on the device", () => {
  test("an event is dropped while an equal one is on its way, unless it tells of domains", async () => {
    await watch(one, "data");
    for (const value of "123") dom0.send(StoreMessage.WRITE, `${DATA}/x\0${value}`);
    await dom0.seen();
    expect(await one.seen()).toEqual(["data/x t"]);

    expect(await dom0.allow("@introduceDomain", "n0", "r1")).toBe("OK");
    await watch(one, "@introduceDomain", "in");
    for (const domid of [5, 6, 7]) xen.domain(domid);
    expect(await one.seen()).toEqual(Array(3).fill("@introduceDomain in"));
  });

  test("the same path and token twice makes two watches, and UNWATCH ends one", async () => {
    await watch(one, "data");
    await watch(one, "data");
    await one.write("data/x", "");
    expect(await one.seen()).toEqual(["data/x t", "data/x t"]);
    expect(await one.unwatch("data", "t")).toBe("OK");
    await one.write("data/x", "");
    expect(await one.seen()).toEqual(["data/x t"]);
  });

  test("UNWATCH of what is not watched is OK, and knows a watch by the path as it was given", async () => {
    await watch(one, "data");
    expect(await one.unwatch(DATA, "t")).toBe("OK");
    expect(await one.unwatch("data", "u")).toBe("OK");
    await one.write("data", "");
    expect(await one.seen()).toEqual(["data t"]);
  });

  test("tokens of two files do not clash", async () => {
    const other = new Client(xen.domain(1).store);
    await watch(one, "data");
    await watch(other, "data");
    expect(await other.unwatch("data", "t")).toBe("OK");
    await one.write("data", "");
    expect([await one.seen(), await other.seen()]).toEqual([["data t"], []]);
  });

  test("an event comes before all replies, also the first one before that of WATCH", async () => {
    one.send(StoreMessage.WATCH, "data\0t\0");
    expect(await one.order()).toEqual(["data t", "OK"]);
    one.send(StoreMessage.WRITE, "data\0v");
    expect(await one.order()).toEqual(["data t", "OK"]);
  });

  test("the numbers of request and transaction of an event mean nothing", async () => {
    one.send(StoreMessage.WATCH, "data\0t\0");
    await new Promise<void>((resolve) => one.connection.whenReadable(resolve));
    const [event, reply] = one.take();
    expect(event).toMatchObject({ type: StoreMessage.WATCH_EVENT, request: 0xffff8880, transaction: 0xffff8880 });
    expect(reply).toMatchObject({ type: StoreMessage.WATCH, request: 1, transaction: 0 });
  });

  test("a third string of WATCH is ignored", async () => {
    expect(await one.ask(StoreMessage.WATCH, "data\0t\0" + "1\0")).toBe("OK");
    expect(await one.ask(StoreMessage.UNWATCH, "data\0t\0" + "1\0")).toBe("OK");
  });
});
