/** What XenStore knows of domains that come and go. */
import { beforeEach, describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../../mod.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { Client } from "./client.ts";

let xen: MockXen;
let dom0: Client;

beforeEach(() => {
  xen = new MockXen();
  dom0 = new Client(xen.domain(0).storeSocket);
});

describe("at first", () => {
  test("there are the nodes of the daemon and of domain 0", async () => {
    expect(await dom0.list("/")).toBe("tool|local");
    expect(await dom0.list("/tool")).toBe("xenstored");
    expect(await dom0.list("/local/domain")).toBe("0");
    expect([await dom0.read("domid"), await dom0.read("name")]).toEqual(["0", "Domain-0"]);
    expect(await dom0.permissions("/")).toBe("n0");
  });

  test("a domain finds at home what xl makes", async () => {
    const one = new Client(xen.domain(1).store);
    expect(await one.list("/local/domain/1")).toBe(
      "vm|name|cpu|memory|device|control|data|drivers|feature|attr|error|domid",
    );
    expect([await one.read("domid"), await one.read("name")]).toEqual(["1", "domain-1"]);
    expect(await one.read(`${await one.read("vm")}/name`)).toBe("domain-1");
    expect(await one.permissions("/local/domain/1")).toBe("n0|r1");
    for (const path of ["cpu", "memory", "device", "control", "domid", "name", "vm"]) {
      expect(await one.permissions(path)).toBe("n0|r1");
      expect(await one.write(path, "")).toBe("EACCES");
    }
    for (const path of ["data", "drivers", "feature", "attr", "error", "control/shutdown", "control/feature-suspend"]) {
      expect(await one.permissions(path)).toBe("n1");
      expect(await one.write(path, "")).toBe("OK");
    }
    expect(await one.permissions("device/suspend/event-channel")).toBe("n1");
    expect(await one.read("/libxl/1")).toBe("EACCES");
    expect(await dom0.permissions("/libxl/1")).toBe("n0");
  });

  test("all domains are there that were named before the store was used, and those that were destroyed are not", async () => {
    const machine = new MockXen();
    for (const domid of [3, 2, 1]) machine.domain(domid);
    machine.domain(2).destroy();
    const client = new Client(machine.domain(0).storeSocket);
    expect(await client.list("/local/domain")).toBe("0|3|1");
  });
});

describe("@introduceDomain and @releaseDomain", () => {
  test("tell domain 0 of domains that come and go", async () => {
    await dom0.watch("@introduceDomain", "in");
    await dom0.watch("@releaseDomain", "out");
    expect(await dom0.seen()).toEqual(["@introduceDomain in", "@releaseDomain out"]);
    xen.domain(1);
    xen.domain(1);
    expect(await dom0.seen()).toEqual(["@introduceDomain in"]);
    xen.domain(1).destroy();
    expect(await dom0.seen()).toEqual(["@releaseDomain out"]);
  });

  test("are never dropped", async () => {
    await dom0.watch("@introduceDomain", "in");
    await dom0.seen();
    for (const domid of [1, 2, 3]) xen.domain(domid);
    expect(await dom0.seen()).toEqual(Array(3).fill("@introduceDomain in"));
  });

  test("fire once for another domain, which then hears nothing, unless domain 0 lets it read them", async () => {
    const one = new Client(xen.domain(1).store);
    expect(await one.watch("@introduceDomain", "in")).toBe("OK");
    expect(await one.seen()).toEqual(["@introduceDomain in"]);
    xen.domain(2);
    expect(await one.seen()).toEqual([]);
    expect(await one.allow("@introduceDomain", "n1")).toBe("EACCES");
    expect(await dom0.allow("@none", "n0")).toBe("EINVAL");
    expect(await dom0.allow("@introduceDomain", "n0", "r1")).toBe("OK");
    xen.domain(3);
    expect(await one.seen()).toEqual(["@introduceDomain in"]);
    // The next domain with this number has no such right.
    xen.domain(1).destroy();
    const next = new Client(xen.domain(1).store);
    await next.watch("@introduceDomain", "in");
    await next.seen();
    xen.domain(4);
    expect(await next.seen()).toEqual([]);
  });

  test("come after the home was made, and after it was removed", async () => {
    await dom0.watch("/local/domain/1/domid", "home");
    await dom0.watch("@introduceDomain", "in");
    await dom0.watch("@releaseDomain", "out");
    await dom0.seen();
    xen.domain(1);
    expect(await dom0.seen()).toEqual(["/local/domain/1/domid home", "@introduceDomain in"]);
    xen.domain(1).destroy();
    expect(await dom0.seen()).toEqual(["/local/domain/1/domid home", "@releaseDomain out"]);
  });
});

describe("`destroy()`", () => {
  test("removes the home, and all that the domain owns elsewhere with what is below, with events", async () => {
    const one = new Client(xen.domain(1).store);
    const two = new Client(xen.domain(2).store);
    await dom0.write("/shared", "");
    await dom0.allow("/shared", "b0");
    await one.write("/shared/mine", "");
    await dom0.write("/shared/mine/of-0", "");
    await dom0.write("/shared/other", "");
    for (const path of ["/shared", "/shared/mine/of-0", "/local/domain/1/data"]) await two.watch(path, "t");
    await two.seen();
    await dom0.watch("/local/domain", "t");
    await dom0.seen();
    xen.domain(1).destroy();
    expect(await dom0.seen()).toEqual(["/local/domain/1 t"]);
    // The permissions of the nodes count: the home of domain 1 was never for domain 2.
    expect(await two.seen()).toEqual(["/shared/mine/of-0 t", "/shared/mine t"]);
    expect(await dom0.list("/shared")).toBe("other");
    expect(await dom0.list("/local/domain")).toBe("0|2");
    expect(await dom0.list("/libxl")).toBe("2");
    expect((await dom0.list("/vm")).split("|")).toHaveLength(1);
    expect(await dom0.ask(StoreMessage.IS_DOMAIN_INTRODUCED, "1\0")).toBe("F");
  });

  test("tells a peer of a node that it could read", async () => {
    const one = new Client(xen.domain(1).store);
    const two = new Client(xen.domain(2).store);
    await one.write("data/alive", "");
    await one.allow("data/alive", "n1", "r2");
    await two.watch("/local/domain/1/data/alive", "t");
    await two.seen();
    xen.domain(1).destroy();
    expect(await two.seen()).toEqual(["/local/domain/1/data/alive t"]);
    expect(await two.read("/local/domain/1/data/alive")).toBe("EACCES");
  });

  test("ends the domain's watches and transactions, and its quotas start anew with the next domain", async () => {
    const machine = new MockXen({ store: { nodes: 13, watches: 1, transactions: 1 } });
    for (let round = 0; round < 3; round++) {
      const one = new Client(machine.domain(1).store);
      expect(await one.watch("data", "t")).toBe("OK");
      expect(await one.start()).toBe(1);
      expect(await one.write("data/x/y", "")).toBe("OK");
      expect(await one.write("data/z", "")).toBe("ENOSPC");
      machine.domain(1).destroy();
    }
  });

  test("makes transactions of others that read the nodes conflict", async () => {
    const one = new Client(xen.domain(1).store);
    await one.write("data/x", "");
    const id = await dom0.start();
    await dom0.read("/local/domain/1/data/x", id);
    xen.domain(1).destroy();
    expect(await dom0.end(id)).toBe("EAGAIN");
  });

  test("of domain 0 ends its connections alone, as the daemon runs in it", async () => {
    const device = new Client(xen.domain(0).store);
    await device.watch("/x", "t");
    xen.domain(0).destroy();
    expect(() => device.connection.receive(new Uint8Array(1))).toThrow("domain 0 was destroyed");
    const next = new Client(xen.domain(0).store);
    expect(await next.read("domid")).toBe("0");
    expect(await next.start()).toBe(1);
  });

  test("leaves the number to the dying domain until its last page is unmapped", async () => {
    const pages = new GrantDevice(xen.domain(1)).open().allocate(0);
    const theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs);
    xen.domain(1).destroy();
    expect(await dom0.list("/local/domain")).toBe("0");
    expect(xen.domain(1).destroyed).toBe(true);
    expect(() => xen.domain(1).store.open()).toThrow("Cannot open: domain 1 was destroyed. Open the store in another");
    await dom0.write("/x", "v");
    expect(await dom0.allow("/x", "n0", "r1")).toBe("OK");
    await dom0.write("/y", "v");
    expect(await dom0.allow("/y", "n1")).toBe("OK");
    theirs.unmap();
    const next = new Client(xen.domain(1).store);
    expect(await next.read("domid")).toBe("1");
    // It has neither the rights of the dead one nor its nodes.
    expect(await next.read("/x")).toBe("EACCES");
    expect(await dom0.read("/y")).toBe("ENOENT");
  });
});

test("a home is the same, whether the store was used before the domain was named or not", async () => {
  const early = new MockXen();
  const client = new Client(early.domain(0).storeSocket);
  early.domain(5);
  const late = new MockXen();
  late.domain(0);
  late.domain(5);
  const trees = [];
  for (const one of [client, new Client(late.domain(0).storeSocket)]) {
    const seen: string[] = [];
    const visit = async (path: string): Promise<void> => {
      seen.push(`${path} ${await one.read(path)} ${await one.permissions(path)}`);
      for (const name of (await one.list(path)).split("|").filter(Boolean)) {
        await visit(path === "/" ? `/${name}` : `${path}/${name}`);
      }
    };
    await visit("/");
    trees.push(seen);
  }
  expect(trees[0]!.length).toBeGreaterThan(30);
  expect(trees[0]).toEqual(trees[1]);
});
