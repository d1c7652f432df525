/** Where the simulated daemon in OCaml differs from the one in C. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Client } from "./client.ts";
import { dom0, one, two, useClients, xen } from "./clients.ts";

useClients({ store: { daemon: "oxenstored" } });

const DATA = "/local/domain/1/data";

describe("nodes", () => {
  test("are read, written, listed by name, and removed", async () => {
    for (const name of ["b", "a/x", "c"]) expect(await one.write(`data/${name}`, name)).toBe("OK");
    expect(await one.read("data/a/x")).toBe("a/x");
    expect(await one.read("data/a")).toBe("");
    expect(await one.list("data")).toBe("a|b|c");
    expect(await one.remove("data/a")).toBe("OK");
    expect(await one.list("data")).toBe("b|c");
    expect(await one.read("data/a/x")).toBe("ENOENT");
    expect(await one.make("data/b")).toBe("OK");
    expect(await one.read("data/b")).toBe("b");
  });

  test("a domain finds the same home", async () => {
    expect((await one.list("/local/domain/1")).split("|").sort().join("|")).toBe(
      "attr|control|cpu|data|device|domid|drivers|error|feature|memory|name|vm",
    );
    expect([await one.read("domid"), await one.permissions("data")]).toEqual(["1", "n1"]);
  });

  test("a path may have 1024 bytes", async () => {
    const of = (length: number) => `/${`${"x".repeat(40)}/`.repeat(60)}`.slice(0, length - 1) + "y";
    expect(await dom0.read(of(1024))).toBe("ENOENT");
    expect(await dom0.read(of(1025))).toBe("EINVAL");
  });

  test("RM of a missing node is ENOENT only if its parent is missing, whoever asks", async () => {
    expect(await two.remove(`${DATA}/none`)).toBe("OK");
    expect(await two.remove(`${DATA}/none/none`)).toBe("ENOENT");
    await one.write("data/x", "");
    expect(await two.remove(`${DATA}/x`)).toBe("EACCES");
  });

  test("RM of the root by domain 0 removes everything", async () => {
    expect(await one.remove("/")).toBe("EACCES");
    expect(await dom0.remove("/")).toBe("OK");
    expect(await dom0.list("/")).toBe("");
  });

  test("a list of more than 4096 bytes is whole on a socket, and refused on the device", async () => {
    for (let index = 0; index < 50; index++) await dom0.write(`/big/${"n".repeat(97)}${10 + index}`, "");
    expect((await dom0.list("/big")).split("|")).toHaveLength(50);
    expect(await new Client(xen.domain(0).store).list("/big")).toBe("E2BIG");
  });
});

describe("permissions", () => {
  test("a missing node is ENOENT, also below one that a domain may not read", async () => {
    expect(await two.read(`${DATA}/none`)).toBe("ENOENT");
    expect(await two.read(`${DATA}`)).toBe("EACCES");
  });

  test("a new node has those of its parent, with the owner", async () => {
    await one.allow("data", "n1", "b2");
    expect(await two.write(`${DATA}/x/y`, "")).toBe("OK");
    expect(await one.permissions("data/x")).toBe("n1|b2");
    expect(await one.permissions("data/x/y")).toBe("n1|b2");
  });

  test("of a domain that is not there are kept, and are those of the domain that comes, but not of the next", async () => {
    await one.write("data/x", "v");
    expect(await one.allow("data/x", "n1", "r9")).toBe("OK");
    expect(await new Client(xen.domain(9).store).read(`${DATA}/x`)).toBe("v");
    xen.domain(9).destroy();
    expect(await one.permissions("data/x")).toBe("n1");
    expect(await new Client(xen.domain(9).store).read(`${DATA}/x`)).toBe("EACCES");
  });

  test("any number of them, and giving a node away is denied", async () => {
    expect(await one.allow("data", "n1", "r2", "r3", "r4", "r5", "r6", "r7")).toBe("OK");
    expect(await one.allow("data", "n2")).toBe("EACCES");
    expect(await dom0.allow(DATA, "n7")).toBe("OK");
  });
});

describe("quotas", () => {
  test("are refused with EQUOTA, and a value with E2BIG, also that of domain 0", async () => {
    const machine = new MockXen({ store: { daemon: "oxenstored", nodes: 13, watches: 2, transactions: 1 } });
    const client = new Client(machine.domain(1).store);
    expect(await client.write("data/a/b", "")).toBe("OK");
    expect(await client.make("data/c")).toBe("EQUOTA");
    expect(await client.write("data/c", "")).toBe("EQUOTA");
    await client.start();
    await expect(client.start()).rejects.toThrow("EQUOTA");
    expect(await client.write("data", "v".repeat(2048))).toBe("OK");
    expect(await client.write("data", "v".repeat(2049))).toBe("E2BIG");
    expect(await dom0.write("/x", "v".repeat(2049))).toBe("E2BIG");
  });

  test("parents stay that were made for a node that was refused", async () => {
    const machine = new MockXen({ store: { daemon: "oxenstored", nodes: 12 } });
    const client = new Client(machine.domain(1).store);
    expect(await client.write("data/a/b", "")).toBe("EQUOTA");
    expect(await client.list("data")).toBe("a");
  });

  test("of watches come as EINVAL through the kernel, which does not know EQUOTA", async () => {
    for (let index = 0; index < 101; index++) expect(await one.watch("data", `${index}`)).toBe("OK");
    expect(await one.watch("data", "more")).toBe("EINVAL");
  });

  test("of the requests in a transaction are such that it does not even end", async () => {
    const machine = new MockXen({ store: { daemon: "oxenstored", transactionSize: 2 } });
    const client = new Client(machine.domain(1).store);
    const id = await client.start();
    for (let index = 0; index < 2; index++) expect(await client.read("domid", id)).toBe("1");
    expect(await client.read("domid", id)).toBe("EQUOTA");
    expect(await client.end(id, "F")).toBe("EQUOTA");
  });
});

describe("requests", () => {
  test("DIRECTORY_PART is unknown, an unknown transaction is EIO on a socket, and CONTROL is OK", async () => {
    expect(await dom0.ask(StoreMessage.DIRECTORY_PART, "/\0" + "0\0")).toBe("ENOSYS");
    expect(await one.ask(StoreMessage.DIRECTORY_PART, "/\0" + "0\0")).toBe("ENOSYS");
    expect(await dom0.read("/", 77)).toBe("EIO");
    expect(await dom0.end(0)).toBe("ENOENT");
    expect(await one.ask(0, "print\0")).toBe("OK");
    expect(await one.ask(StoreMessage.IS_DOMAIN_INTRODUCED, "1\0")).toBe("EACCES");
    expect(await dom0.ask(StoreMessage.IS_DOMAIN_INTRODUCED, "1\0")).toBe("T");
    expect(await dom0.ask(StoreMessage.IS_DOMAIN_INTRODUCED, "x\0")).toBe("EINVAL");
    expect(await one.ask(StoreMessage.GET_DOMAIN_PATH, "x7\0")).toBe("/local/domain/7");
    expect(await one.ask(StoreMessage.INTRODUCE, "\0")).toBe("EACCES");
    expect(await one.ask(99, "\0")).toBe("ENOSYS");
  });
});

describe("events", () => {
  test("come after the reply on a socket, but before that of END", async () => {
    dom0.send(StoreMessage.WATCH, "/x\0t\0");
    expect(await dom0.order()).toEqual(["OK", "/x t"]);
    dom0.send(StoreMessage.WRITE, "/x\0v");
    expect(await dom0.order()).toEqual(["OK", "/x t"]);
    const id = await dom0.start();
    await dom0.write("/x", "w", id);
    dom0.send(StoreMessage.TRANSACTION_END, "T\0", id);
    expect(await dom0.order()).toEqual(["/x t", "OK"]);
  });

  test("are not dropped, and a transaction has one for each change", async () => {
    await dom0.watch(DATA, "t");
    await dom0.seen();
    for (const value of "12") one.send(StoreMessage.WRITE, `data/x\0${value}`);
    expect(await dom0.seen()).toEqual([`${DATA}/x t`, `${DATA}/x t`]);
    const id = await one.start();
    for (const value of "12") await one.write("data/x", value, id);
    await one.end(id);
    expect(await dom0.seen()).toEqual([`${DATA}/x t`, `${DATA}/x t`]);
  });

  test("come from the root down, and to the newest watch first", async () => {
    await dom0.watch(DATA, "data");
    await dom0.watch("/", "old");
    await dom0.watch("/", "new");
    await dom0.seen();
    await one.write("data", "");
    expect(await dom0.seen()).toEqual([`${DATA} new`, `${DATA} old`, `${DATA} data`]);
  });

  test("of RM come to all watches below, with their own paths, if the parents of their nodes were there", async () => {
    await one.write("data/x/y", "");
    for (const path of ["x/y/none/none", "x/y/none", "x/y", "x", "xa"]) await dom0.watch(`${DATA}/${path}`, "t");
    await dom0.seen();
    await one.remove("data/x");
    expect(await dom0.seen()).toEqual([`${DATA}/x t`, `${DATA}/x/y t`, `${DATA}/x/y/none t`]);
  });

  test("come to who may read the node or its parent, or could before SET_PERMS", async () => {
    await one.write("data/x", "");
    await two.watch(`${DATA}/x`, "t");
    await two.seen();
    await one.write("data/x", "1");
    expect(await two.seen()).toEqual([]);
    await one.allow("data/x", "n1", "r2");
    expect(await two.seen()).toEqual([`${DATA}/x t`]);
    await one.allow("data/x", "n1");
    expect(await two.seen()).toEqual([`${DATA}/x t`]);
    await one.write("data/x", "2");
    expect(await two.seen()).toEqual([]);
  });

  test("relative watches have relative paths, a second watch is EEXIST, UNWATCH of none ENOENT on a socket", async () => {
    await one.watch("data", "t");
    await one.seen();
    await one.write("data/x", "");
    expect(await one.seen()).toEqual(["data/x t"]);
    expect([await dom0.watch("x", "t"), await dom0.watch("/local/domain/0/x", "t")]).toEqual(["OK", "EEXIST"]);
    expect(await dom0.unwatch("/none", "t")).toBe("ENOENT");
    expect(await dom0.unwatch("x", "t")).toBe("OK");
    expect(await dom0.ask(StoreMessage.WATCH, "/x\0t\0" + "1\0")).toBe("EINVAL");
  });
});

describe("a transaction", () => {
  test("sees all nodes as they were at its start", async () => {
    await one.write("data/x", "old");
    const id = await one.start();
    await one.write("data/x", "new");
    expect(await one.read("data/x", id)).toBe("old");
    expect(await one.end(id)).toBe("OK");
  });

  test("that only reads ends well, whatever has changed", async () => {
    await one.write("data/x", "old");
    const id = await one.start();
    await one.read("data/x", id);
    await one.write("data/x", "new");
    expect(await one.end(id)).toBe("OK");
  });

  test("is EAGAIN if a request has another answer at its end", async () => {
    await one.write("data/x", "old");
    const id = await one.start();
    await one.read("data/x", id);
    await one.write("data/y", "", id);
    await one.write("data/x", "new");
    expect(await one.end(id)).toBe("EAGAIN");
    expect(await one.read("data/y")).toBe("ENOENT");
    // To try again took a number.
    expect(await one.start()).toBe(id + 2);
  });

  test("is made again if something has changed where it read, and all answers are the same", async () => {
    await one.write("data/x", "same");
    const id = await one.start();
    await one.read("data/x", id);
    await one.write("data/y", "mine", id);
    await one.write("data/x", "same");
    await one.write("data/z", "theirs");
    expect(await one.end(id)).toBe("OK");
    expect([await one.list("data"), await one.read("data/y")]).toEqual(["x|y|z", "mine"]);
  });

  test("may miss a node that comes meanwhile, if nothing changes where it has written", async () => {
    const id = await one.start();
    expect(await one.read("data/none", id)).toBe("ENOENT");
    await one.write("drivers", "mine", id);
    await one.write("data/none", "");
    expect(await one.end(id)).toBe("OK");
    expect([await one.read("drivers"), await one.read("data/none")]).toEqual(["mine", ""]);
  });

  test("counts what it creates, also beside changes of others", async () => {
    const machine = new MockXen({ store: { daemon: "oxenstored", nodes: 13 } });
    const client = new Client(machine.domain(1).store);
    const id = await client.start();
    await client.make("data/x", id);
    await client.make("drivers/y");
    expect(await client.end(id)).toBe("OK");
    expect(await client.make("data/z")).toBe("EQUOTA");
    await client.remove("data/x");
    expect(await client.make("data/z")).toBe("OK");
  });

  test("is forgotten at END F, and START in it is EBUSY", async () => {
    const id = await one.start();
    await one.write("data/x", "", id);
    expect(await one.ask(StoreMessage.TRANSACTION_START, "\0", id)).toBe("EBUSY");
    expect(await one.end(id, "F")).toBe("OK");
    expect(await one.read("data/x")).toBe("ENOENT");
  });
});

describe("domains", () => {
  test("tell domain 0 when they come and go, and no others", async () => {
    await dom0.watch("@introduceDomain", "in");
    await dom0.watch("@releaseDomain", "out");
    await one.watch("@releaseDomain", "out");
    await dom0.seen();
    await one.seen();
    xen.domain(5);
    xen.domain(5).destroy();
    expect(await dom0.seen()).toEqual(["@introduceDomain in", "@releaseDomain out"]);
    expect(await one.seen()).toEqual([]);
  });

  test("tell others too, if domain 0 lets them read the nodes of these events", async () => {
    await one.watch("@releaseDomain", "out");
    await one.seen();
    expect(await one.permissions("@releaseDomain")).toBe("EACCES");
    expect(await dom0.permissions("@releaseDomain")).toBe("n0");
    expect(await dom0.allow("@releaseDomain", "n0", "r1")).toBe("OK");
    xen.domain(5).destroy();
    expect(await one.seen()).toEqual(["@releaseDomain out"]);
  });

  test("that die take what they own along: with events at home, and without elsewhere", async () => {
    await dom0.write("/shared", "");
    await dom0.allow("/shared", "b0");
    await dom0.write("/shared/mine", "");
    await dom0.allow("/shared/mine", "n1");
    await dom0.watch("/shared", "shared");
    await dom0.watch("/local", "home");
    await dom0.seen();
    xen.domain(1).destroy();
    expect(await dom0.seen()).toEqual(["/local/domain/1 home"]);
    expect(await dom0.list("/shared")).toBe("");
    expect(await dom0.list("/local/domain")).toBe("0|2");
  });

  test("that die take the nodes of owner -1 along, and those of no other domain", async () => {
    for (const owner of ["-1", "-2", "99"]) {
      await dom0.write(`/shared/${owner}`, "");
      await dom0.allow(`/shared/${owner}`, `n${owner}`);
    }
    expect(await dom0.permissions("/shared/-1")).toBe("n9223372036854775807");
    xen.domain(1).destroy();
    expect(await dom0.list("/shared")).toBe("-2|99");
  });
});
