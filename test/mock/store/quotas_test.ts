/** Quotas of the simulated daemon in C: domain 0 has none, and all programs of another domain share theirs. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { Client } from "./client.ts";

/** Clients of domain 0, of domain 1, and of another program of domain 1. */
function clients(store: NonNullable<ConstructorParameters<typeof MockXen>[0]>["store"] = {}) {
  const xen = new MockXen({ store });
  const domain = xen.domain(1);
  return {
    dom0: new Client(xen.domain(0).storeSocket),
    one: new Client(domain.store),
    other: new Client(domain.process().store),
  };
}

const DATA = "/local/domain/1/data";

describe("nodes", () => {
  test("that a domain owns: 1000, with those that it has at first", async () => {
    const { dom0, one } = clients();
    // It owns 11 at first: data, control/shutdown and so on.
    for (let made = 11; made < 1000; made++) {
      const folder = Math.floor(made / 100);
      expect(await one.make(made % 100 === 0 || made === 11 ? `data/${folder}` : `data/${folder}/${made}`)).toBe("OK");
    }
    expect(await one.make("drivers/x")).toBe("ENOSPC");
    expect(await one.write("data/1", "still")).toBe("OK");
    expect(await dom0.write(`${DATA}/z`, "")).toBe("OK");
    // That one is the domain's, too: a copy of its parent's permissions.
    expect(await one.remove("data/1/101")).toBe("OK");
    expect(await one.make("drivers/x")).toBe("ENOSPC");
    expect(await one.remove("data/1/102")).toBe("OK");
    expect(await one.make("drivers/x")).toBe("OK");
    expect(await one.make("drivers/y")).toBe("ENOSPC");
  });

  test("are counted with the parents that are missing: all are made, or none", async () => {
    const { one } = clients({ nodes: 13 });
    expect(await one.write("data/a/b/c", "")).toBe("ENOSPC");
    expect(await one.list("data")).toBe("");
    expect(await one.write("data/a/b", "")).toBe("OK");
    expect(await one.write("data/c", "")).toBe("ENOSPC");
  });

  test("count where they go if domain 0 gives them away", async () => {
    const { dom0, one } = clients({ nodes: 12 });
    await dom0.write("/x", "");
    await dom0.allow("/x", "n1");
    expect(await one.make("data/x")).toBe("ENOSPC");
    await dom0.allow("/x", "n0");
    expect(await one.make("data/x")).toBe("OK");
  });

  test("of a transaction count at its end, which keeps one free", async () => {
    const { one } = clients({ nodes: 13 });
    const id = await one.start();
    for (const name of ["a", "b", "c", "d"]) expect(await one.make(`data/${name}`, id)).toBe("OK");
    expect(await one.end(id)).toBe("ENOSPC");
    const again = await one.start();
    await one.make("data/a", again);
    await one.make("data/b", again);
    expect(await one.end(again)).toBe("ENOSPC");
    const last = await one.start();
    await one.make("data/a", last);
    expect(await one.end(last)).toBe("OK");
    expect(await one.make("data/b")).toBe("OK");
    // The last one is used up: not even a transaction may create.
    const full = await one.start();
    expect(await one.make("data/c", full)).toBe("ENOSPC");
    expect(await one.end(full)).toBe("OK");
  });
});

describe("the size of a node", () => {
  test("is below 2048 bytes, with 24, 8 for each permission, the value and the names of its children", async () => {
    const { dom0, one } = clients();
    expect(await one.write("data/x", "v".repeat(2015))).toBe("OK");
    expect(await one.write("data/x", "v".repeat(2016))).toBe("ENOSPC");
    expect(await one.write("data/y", "v".repeat(2016))).toBe("ENOSPC");
    expect(await one.allow("data/x", "n1", "r0")).toBe("ENOSPC");
    await one.write("data/x", "v".repeat(2007));
    expect(await one.allow("data/x", "n1", "r0")).toBe("OK");
    expect(await one.make("data/x/a")).toBe("ENOSPC");
    await one.write("data/x", "v".repeat(2005));
    expect(await one.make("data/x/a")).toBe("OK");
    expect(await one.write("data/x", "v".repeat(2006))).toBe("ENOSPC");
    expect(await dom0.write(`${DATA}/x`, "v".repeat(4000))).toBe("OK");
    expect((await one.read("data/x")).length).toBe(4000);
  });

  test("bounds what a folder can list", async () => {
    const { one } = clients();
    for (let index = 0; index < 100; index++) expect(await one.make(`data/${`${index}`.padStart(19, "0")}`)).toBe("OK");
    expect(await one.make("data/" + "n".repeat(14))).toBe("OK");
    expect(await one.make("data/m")).toBe("ENOSPC");
    expect(await one.read("data/m")).toBe("ENOENT");
  });

  test("fails a transaction for good if it is exceeded: its end is ENOMEM", async () => {
    const { one } = clients();
    const id = await one.start();
    await one.write("data/x", "v", id);
    expect(await one.write("data/x", "v".repeat(2016), id)).toBe("ENOSPC");
    expect(await one.end(id)).toBe("ENOMEM");
    expect(await one.read("data/x")).toBe("ENOENT");
  });
});

test("watches: 129 of a domain, in all its files", async () => {
  const { dom0, one, other } = clients();
  for (let index = 0; index < 65; index++) expect(await one.watch("data", `${index}`)).toBe("OK");
  for (let index = 0; index < 64; index++) expect(await other.watch("data", `${index}`)).toBe("OK");
  expect(await one.watch("data", "more")).toBe("E2BIG");
  expect(await one.watch("/a//b", "more")).toBe("EINVAL");
  expect(await other.unwatch("data", "0")).toBe("OK");
  expect(await one.watch("data", "more")).toBe("OK");
  for (let index = 0; index < 200; index++) expect(await dom0.watch("/x", `${index}`)).toBe("OK");
});

test("transactions: 11 of a domain, in all its files", async () => {
  const { dom0, one, other } = clients();
  const ids: number[] = [];
  for (let index = 0; index < 6; index++) ids.push(await one.start());
  for (let index = 0; index < 5; index++) await other.start();
  await expect(one.start()).rejects.toThrow("ENOSPC");
  await one.end(ids[0]!, "F");
  await one.start();
  for (let index = 0; index < 20; index++) await dom0.start();
});

test("a transaction: 1024 nodes, also those that are only read or missed", async () => {
  const { dom0, one } = clients({ transactionSize: 7 });
  // To read a missing node reads its parents: data and the five above it are seven with the node.
  const id = await one.start();
  expect(await one.read("data/none", id)).toBe("ENOENT");
  expect(await one.read("data", id)).toBe("");
  expect(await one.read("drivers", id)).toBe("");
  expect(await one.read("data/no", id)).toBe("ENOENT");
  const used = 4;
  for (let index = used; index < 7; index++) expect(await one.read(`data/${index}`, id)).toBe("ENOENT");
  expect(await one.read("data/more", id)).toBe("ENOSPC");
  expect(await one.read("data/none", id)).toBe("ENOENT");
  expect(await one.end(id)).toBe("ENOMEM");
  const mine = await dom0.start();
  for (let index = 0; index < 20; index++) expect(await dom0.read(`${DATA}/${index}`, mine)).toBe("ENOENT");
  expect(await dom0.end(mine)).toBe("OK");
});

describe("options", () => {
  test.each([[undefined, 2015], [2056, 2024]])(
    "a node size of %s has room for a value of %s bytes",
    async (nodeSize, most) => {
      const { one } = clients({ nodeSize });
      expect(await one.write("data", "v".repeat(most))).toBe("OK");
      expect(await one.write("data", "v".repeat(most + 1))).toBe("ENOSPC");
    },
  );

  test("set each quota, and are checked", async () => {
    const { one } = clients({ nodeSize: 40, watches: 1, transactions: 1, permissions: 1, pathLength: 10 });
    expect(await one.write("data", "v".repeat(8))).toBe("OK");
    expect(await one.write("data", "v".repeat(9))).toBe("ENOSPC");
    expect([await one.watch("data", "1"), await one.watch("data", "2")]).toEqual(["OK", "E2BIG"]);
    await one.start();
    await expect(one.start()).rejects.toThrow("ENOSPC");
    expect(await one.allow("data", "n1", "r0")).toBe("ENOSPC");
    expect(await one.read("data/none")).toBe("ENOENT");
    expect(await one.read("data/nones")).toBe("ENOENT");
    expect(await one.read("data/noness")).toBe("EINVAL");
  });

  test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [{ daemon: "xend" }, TypeError, '`daemon` of `store` must be "xenstored" or "oxenstored": current value is "xend"'],
    [{ nodes: -1 }, RangeError, "`nodes` of `store` must be a whole number from 0 to 4294967295: current value is -1"],
    [{ pathLength: 4096 }, RangeError, "`pathLength` of `store` must be a whole number from 1 to 2048"],
    [{ watches: "1" }, TypeError, "`watches` of `store` must be a number"],
    [{ demon: "xenstored" }, TypeError, "there is no option `demon` in `store`: did you mean `daemon`?"],
    [null, TypeError, "`store` must be a plain object"],
  ])("%j is refused", (store, kind, message) => {
    const create = () => new MockXen({ store: store as never });
    expect(create).toThrow(kind);
    expect(create).toThrow(`Cannot create a simulated Xen as ${message}`);
  });
});
