/** XenStore of a domain that is saved and restored. */
import { beforeEach, describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { Client } from "./client.ts";

describe.for(["xenstored", "oxenstored"] as const)("a domain that is saved and restored, with %s,", (daemon) => {
  let xen: MockXen;
  let dom0: Client;
  let one: Client;

  beforeEach(() => {
    xen = new MockXen({ store: { daemon } });
    one = new Client(xen.domain(1).store);
    dom0 = new Client(xen.domain(0).storeSocket);
  });

  test("has a new home, with the same name and UUID, and without what it wrote", async () => {
    const [name, vm] = [await one.read("name"), await one.read("vm")];
    await one.write("data/port", "7");
    xen.domain(1).saveAndRestore({ domid: 5 });
    expect(await dom0.list("/local/domain")).toBe("0|5");
    expect([await one.read("domid"), await one.read("name"), await one.read("vm")]).toEqual(["5", name, vm]);
    expect(await one.read(`${vm}/name`)).toBe(name);
    expect(await one.permissions("data")).toBe("n5");
    expect(await one.read("data/port")).toBe("ENOENT");
    expect(await one.write("data/port", "8")).toBe("OK");
    expect(await dom0.read("/local/domain/5/data/port")).toBe("8");
    expect(await new Client(xen.domain(5).store).read("domid")).toBe("5");
    expect(await new Client(xen.domain(5).process().store).read("domid")).toBe("5");
    expect(xen.domain(1).domid).toBe(1);
    expect(await new Client(xen.domain(1).store).read("name")).toBe("domain-1");
  });

  test("keeps its watches, each of which fires once, for what it names below the new home", async () => {
    await one.watch("data", "relative");
    await one.watch("/local/domain/1/data", "absolute");
    await one.watch("gone", "gone");
    await one.unwatch("gone", "gone");
    await one.seen();
    xen.domain(1).saveAndRestore();
    expect(await one.seen()).toEqual(["/local/domain/1/data absolute", "data relative"]);
    await dom0.write("/local/domain/2/data/x", "");
    expect(await one.seen()).toEqual(["data/x relative"]);
    expect(xen.inspect().domains.find(({ domid }) => domid === 2)!.connections).toMatchObject([{ watches: 2 }]);
    expect(await one.unwatch("data", "relative")).toBe("OK");
    await dom0.write("/local/domain/2/data/x", "");
    expect(await one.seen()).toEqual([]);
  });

  test("cannot commit a transaction from before: EAGAIN. It can abort one, and start others", async () => {
    const [committed, aborted, used] = [await one.start(), await one.start(), await one.start()];
    await one.write("data/x", "1", committed);
    xen.domain(1).saveAndRestore();
    expect(await one.read("domid", used)).toBe(daemon === "xenstored" ? "ENOENT" : "EIO");
    expect(await one.end(committed)).toBe("EAGAIN");
    expect(await one.end(committed)).toBe("ENOENT");
    expect(await one.end(aborted, "F")).toBe("OK");
    expect(await one.read("data/x")).toBe("ENOENT");
    const next = await one.start();
    await one.write("data/x", "2", next);
    expect(await one.end(next)).toBe("OK");
    expect(await one.read("data/x")).toBe("2");
  });

  test("ends the newer of two transactions with the same number first", async () => {
    const before = await one.start();
    xen.domain(1).saveAndRestore();
    expect(await one.start()).toBe(before);
    await one.write("data/x", "1", before);
    expect(await one.end(before)).toBe("OK");
    expect(await one.end(before)).toBe("EAGAIN");
    expect(await one.read("data/x")).toBe("1");
  });

  test("loses a new transaction when a file is closed that has one with the same number from before", async () => {
    const before = await one.start();
    const other = new Client(xen.domain(1).store);
    xen.domain(1).saveAndRestore();
    expect(await other.start()).toBe(before);
    one.connection.close();
    expect(await other.end(before)).toBe(daemon === "xenstored" ? "ENOENT" : "EIO");
  });

  test("is seen by others: its old home goes, and a new domain comes", async () => {
    await dom0.watch("@introduceDomain", "in");
    await dom0.watch("@releaseDomain", "out");
    await dom0.watch("/local/domain/1", "old");
    await dom0.watch("/local/domain/2/domid", "new");
    const two = new Client(xen.domain(3).store);
    await dom0.seen();
    xen.domain(1).saveAndRestore();
    const events = await dom0.seen();
    // A domain that is suspended counts as one that has ended; then it does end.
    expect(events.filter((event) => event.startsWith("@"))).toEqual([
      "@releaseDomain out",
      "@releaseDomain out",
      "@introduceDomain in",
    ]);
    expect(events).toContain("/local/domain/1 old");
    expect(events).toContain("/local/domain/2/domid new");
    expect(await two.read("domid")).toBe("3");
  });

  test("leaves the connections of domain 0 as they are, with their watches and transactions", async () => {
    const device = new Client(xen.domain(0).store);
    const domain = xen.domain(1);
    for (const client of [dom0, device]) {
      await client.watch("/tool", "t");
      await client.seen();
      const transaction = await client.start();
      await client.write("/tool/x", "1", transaction);
      domain.saveAndRestore();
      expect(await client.seen()).toEqual([]);
      expect(await client.end(transaction)).toBe("OK");
      expect((await client.seen()).slice(0, 1)).toEqual(["/tool/x t"]);
    }
  });

  test("has a client that goes on: watches, waits and transactions", async () => {
    using store = await XenStore.open(xen.domain(1));
    using other = await XenStore.open(xen.domain(0));
    const paths: string[] = [];
    const watching = (async () => {
      for await (const path of store.watch("data")) {
        paths.push(path);
        if (path === "data/end") break;
      }
    })();
    const ready = store.waitFor("data/ready", (value) => value === "yes", { timeout: 5000 });
    let attempts = 0;
    await store.transaction(async (transaction) => {
      await transaction.write("data/counted", ++attempts);
      if (attempts === 1) xen.domain(1).saveAndRestore();
    });
    expect(attempts).toBe(2);
    expect(await store.ownDomid()).toBe(2);
    expect(await other.readText("/local/domain/2/data/counted")).toBe("2");
    await other.write("/local/domain/2/data/ready", "yes");
    expect(await ready).toBe("yes");
    await other.write("/local/domain/2/data/end", "");
    await watching;
    expect(paths.at(-1)).toBe("data/end");
  });

  test("finds the home of its new number when the store is used for the first time afterwards", async () => {
    const machine = new MockXen({ store: { daemon } });
    const domain = machine.domain(1);
    domain.saveAndRestore({ domid: 9 });
    const client = new Client(domain.store);
    expect([await client.read("domid"), await client.read("name")]).toEqual(["9", "domain-9"]);
  });
});
