/** Transactions of the simulated daemon in C. */
import { beforeEach, describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Client } from "./client.ts";

let xen: MockXen;
let dom0: Client;
let one: Client;

beforeEach(async () => {
  xen = new MockXen();
  dom0 = new Client(xen.domain(0).storeSocket);
  one = new Client(xen.domain(1).store);
  await one.write("data/x", "old");
});

const DATA = "/local/domain/1/data";

test("nobody sees what a transaction does before its end, and all of it after", async () => {
  const id = await one.start();
  await one.write("data/x", "new", id);
  await one.write("data/a/b", "1", id);
  expect(await one.read("data/x", id)).toBe("new");
  expect(await one.list("data", id)).toBe("x|a");
  expect(await one.read("data/x")).toBe("old");
  expect(await dom0.list(DATA)).toBe("x");
  expect(await one.end(id)).toBe("OK");
  expect(await dom0.read(`${DATA}/x`)).toBe("new");
  expect(await dom0.list(DATA)).toBe("x|a");
  expect(await one.read("data/a/b")).toBe("1");
});

test("END F forgets everything", async () => {
  const id = await one.start();
  await one.remove("data/x", id);
  expect(await one.read("data/x", id)).toBe("ENOENT");
  expect(await one.end(id, "F")).toBe("OK");
  expect(await one.read("data/x")).toBe("old");
});

test("sees a node as it was when it touched it first", async () => {
  const id = await one.start();
  await dom0.write(`${DATA}/x`, "first");
  expect(await one.read("data/x", id)).toBe("first");
  await dom0.write(`${DATA}/x`, "second");
  expect(await one.read("data/x", id)).toBe("first");
});

describe("END T is EAGAIN", () => {
  test.each<[string, (id: number) => Promise<string>, () => Promise<string>]>([
    ["a node that was read is written", (id) => one.read("data/x", id), () => dom0.write(`${DATA}/x`, "")],
    ["a node that was written is written", (id) => one.write("data/x", "", id), () => dom0.write(`${DATA}/x`, "")],
    [
      "a node that was read is written with the same value",
      (id) => one.read("data/x", id),
      () => dom0.write(`${DATA}/x`, "old"),
    ],
    ["a node that was read is removed", (id) => one.read("data/x", id), () => dom0.remove(`${DATA}/x`)],
    ["a node that was missed is created", (id) => one.read("data/none", id), () => dom0.write(`${DATA}/none`, "")],
    ["a folder that was listed gets a child", (id) => one.list("data", id), () => dom0.write(`${DATA}/y`, "")],
    ["a folder that was listed loses a child", (id) => one.list("data", id), () => dom0.remove(`${DATA}/x`)],
    [
      "a parent of a node that was missed gets a child",
      (id) => one.read("data/none", id),
      () => dom0.write(`${DATA}/y`, ""),
    ],
    [
      "a folder in which a node was created gets a child",
      (id) => one.write("data/a", "", id),
      () => dom0.write(`${DATA}/y`, ""),
    ],
    [
      "permissions of a node that was read are set",
      (id) => one.read("data/x", id),
      () => dom0.allow(`${DATA}/x`, "n1"),
    ],
  ])("if meanwhile %s", async (_, inside, outside) => {
    const id = await one.start();
    await inside(id);
    await one.write("drivers/mine", "", id);
    expect(await outside()).toBe("OK");
    expect(await one.end(id)).toBe("EAGAIN");
    expect(await one.read("drivers/mine")).toBe("ENOENT");
    // It has ended.
    expect(await one.end(id, "F")).toBe("ENOENT");
  });

  test("even if it has only read", async () => {
    const id = await one.start();
    await one.read("data/x", id);
    await dom0.write(`${DATA}/x`, "");
    expect(await one.end(id)).toBe("EAGAIN");
  });
});

describe("END T is OK", () => {
  test.each<[string, (id: number) => Promise<string>, () => Promise<string>]>([
    ["another node is written", (id) => one.read("data/x", id), () => dom0.write(`${DATA}/y`, "")],
    ["a child of a folder that was listed is written", (id) => one.list("data", id), () => dom0.write(`${DATA}/x`, "")],
    ["a node is written before it is read", () => dom0.write(`${DATA}/x`, ""), () => one.read("data/x")],
  ])("if meanwhile %s", async (_, inside, outside) => {
    const id = await one.start();
    await inside(id);
    await outside();
    expect(await one.end(id)).toBe("OK");
  });

  test("for all of several that do not meet", async () => {
    const [a, b] = [await one.start(), await one.start()];
    await one.write("data/x", "a", a);
    await one.write("drivers", "b", b);
    expect([await one.end(a), await one.end(b)]).toEqual(["OK", "OK"]);
  });
});

describe("events", () => {
  test("come at the end, one for each node that changed, before the reply", async () => {
    await dom0.watch(DATA, "t");
    await dom0.seen();
    const id = await dom0.start();
    await dom0.write(`${DATA}/x`, "1", id);
    await dom0.write(`${DATA}/x`, "2", id);
    await dom0.make(`${DATA}/a/b`, id);
    expect(await dom0.seen()).toEqual([]);
    dom0.send(StoreMessage.TRANSACTION_END, "T\0", id);
    expect(await dom0.order()).toEqual([`${DATA}/x t`, `${DATA}/a/b t`, "OK"]);
  });

  test("come in the order in which nodes were touched first", async () => {
    await one.write("data/y", "");
    await dom0.watch(DATA, "t");
    await dom0.seen();
    const id = await one.start();
    await one.read("data/y", id);
    await one.write("data/x", "", id);
    await one.write("data/y", "", id);
    await one.end(id);
    expect(await dom0.seen()).toEqual([`${DATA}/y t`, `${DATA}/x t`]);
  });

  test("do not come if it is aborted, or for a node that was created and removed", async () => {
    await dom0.watch(DATA, "t");
    await dom0.seen();
    const id = await one.start();
    await one.write("data/x", "1", id);
    await one.end(id, "F");
    const other = await one.start();
    await one.write("data/new", "1", other);
    await one.remove("data/new", other);
    expect(await one.end(other)).toBe("OK");
    expect(await dom0.seen()).toEqual([]);
  });

  test("of a removal come to exact watches below, too", async () => {
    await one.write("data/x/y", "");
    await dom0.watch(DATA, "above");
    await dom0.watch(`${DATA}/x/y`, "y");
    await dom0.seen();
    const id = await one.start();
    await one.remove("data/x", id);
    await one.end(id);
    expect(await dom0.seen()).toEqual([`${DATA}/x above`, `${DATA}/x/y y`]);
  });
});

describe("START", () => {
  test("counts from 1 on each socket, and for all files of a domain", async () => {
    const other = new Client(xen.domain(0).storeSocket);
    expect([await dom0.start(), await dom0.start(), await other.start()]).toEqual([1, 2, 1]);
    const file = new Client(xen.domain(1).store);
    expect([await one.start(), await file.start(), await one.start()]).toEqual([1, 2, 3]);
  });

  test("in a transaction is EBUSY", async () => {
    const id = await one.start();
    expect(await one.ask(StoreMessage.TRANSACTION_START, "\0", id)).toBe("EBUSY");
    expect(await one.end(id)).toBe("OK");
  });
});

describe("a transaction that is not there", () => {
  test("is ENOENT, also one of another file", async () => {
    expect(await one.read("data/x", 99)).toBe("ENOENT");
    expect(await dom0.read(`${DATA}/x`, 99)).toBe("ENOENT");
    const id = await one.start();
    const other = new Client(xen.domain(1).store);
    expect(await other.read("data/x", id)).toBe("ENOENT");
    expect(await other.end(id)).toBe("ENOENT");
    expect(await one.end(id)).toBe("OK");
    expect(await one.read("data/x", id)).toBe("ENOENT");
  });

  test("END without one is ENOENT, and END needs T or F", async () => {
    expect(await one.end(0)).toBe("ENOENT");
    expect(await dom0.end(0)).toBe("ENOENT");
    const id = await one.start();
    for (const how of ["", "X", "TT"]) expect(await one.end(id, how)).toBe("EINVAL");
    expect(await one.ask(StoreMessage.TRANSACTION_END, "T", id)).toBe("EINVAL");
    expect(await one.end(id)).toBe("OK");
    const mine = await dom0.start();
    expect(await dom0.end(mine, "X")).toBe("EINVAL");
    expect(await dom0.end(mine)).toBe("OK");
  });
});

test("removes and creates again within one transaction", async () => {
  await one.write("data/x/y", "1");
  const id = await one.start();
  await one.remove("data/x", id);
  await one.write("data/x", "again", id);
  expect(await one.list("data/x", id)).toBe("");
  expect(await one.end(id)).toBe("OK");
  expect([await one.read("data/x"), await one.list("data/x")]).toEqual(["again", ""]);
  expect(await one.read("data/x/y")).toBe("ENOENT");
});

test("two transactions and a change outside do not see each other's children", async () => {
  const [a, b] = [await one.start(), await one.start()];
  await one.write("data/a", "", a);
  await one.write("data/b", "", b);
  expect(await one.list("data", a)).toBe("x|a");
  expect(await one.list("data", b)).toBe("x|b");
  await one.write("data/c", "");
  expect(await one.list("data")).toBe("x|c");
  expect(await one.list("data", a)).toBe("x|a");
  expect([await one.end(a), await one.end(b)]).toEqual(["EAGAIN", "EAGAIN"]);
});

describe("a transaction that mixes what it saw with what is there now", () => {
  test("cannot remove a node from a parent that was removed, or that had no such child", async () => {
    const id = await one.start();
    await one.write("data/a/b", "");
    await one.read("data/a/b", id);
    await one.remove("data/a");
    expect(await one.remove("data/a/b", id)).toBe("EINVAL");
    const other = await one.start();
    await one.list("data", other);
    await one.write("data/late", "");
    expect(await one.remove("data/late", other)).toBe("EIO");
    expect([await one.end(id), await one.end(other)]).toEqual(["EAGAIN", "EAGAIN"]);
  });

  test("cannot remove a node of which it knows a child that was removed", async () => {
    await one.write("data/a/b", "");
    const id = await one.start();
    await one.list("data/a", id);
    await one.remove("data/a/b");
    expect(await one.remove("data/a", id)).toBe("EIO");
    expect(await one.end(id)).toBe("EAGAIN");
  });
});
