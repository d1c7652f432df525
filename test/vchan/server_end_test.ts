/** How a server ends by itself, and who may touch the nodes. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { checkTogether, connect, folder, listen, path, publishedKeys, turns } from "./support.ts";

describe("a server that loses XenStore", () => {
  test("tells a call and a loop that wait, and each later one", async () => {
    const xen = new MockXen();
    const faults = new Faults();
    const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
    const [call, loop] = [server.accept(), server[Symbol.asyncIterator]().next()];
    call.catch(() => {});
    loop.catch(() => {});
    await turns();
    faults.disconnect();
    for (const waiting of [call, loop, server.accept(), server[Symbol.asyncIterator]().next()]) {
      await expect(waiting).rejects.toMatchObject({ name: "StoreError", code: "disconnected" });
    }
    expect(xen.inspect().domains.flatMap(({ grants }) => grants)).toEqual([]);
    await server.close();
    await expect(server.accept()).rejects.toMatchObject({ code: "closed" });
    xen.assertClean();
  });

  test("still serves the client that had come", async () => {
    const xen = new MockXen();
    const faults = new Faults();
    const server = await VchanServer.listen(faults.wrap(xen.domain(1)), 0, { path });
    const theirs = await connect(xen);
    faults.disconnect();
    await turns();
    await checkTogether(await server.accept(), theirs);
    await expect(server.accept()).rejects.toMatchObject({ code: "disconnected" });
    await server.close();
    xen.assertClean();
  });
});

describe("a server that is replaced", () => {
  const replaced = {
    name: "VchanError",
    code: "replaced",
    operation: "accept",
    message: `Cannot accept: another server has published itself at ${folder}, and has replaced this one. Run only ` +
      "one of them there.",
  };

  test.each(["waits", "has accepted a client"])("does not take the path back: one that %s", async (what) => {
    const xen = new MockXen();
    const older = await listen(xen);
    const waiting = what === "waits" ? older.accept() : undefined;
    waiting?.catch(() => {});
    const pair = waiting === undefined ? await Promise.all([older.accept(), connect(xen)]) : undefined;
    const newer = await listen(xen);
    const keys = await publishedKeys(xen);
    if (waiting !== undefined) await expect(waiting).rejects.toMatchObject(replaced);
    await expect(older.accept()).rejects.toMatchObject(replaced);
    await expect(older[Symbol.asyncIterator]().next()).rejects.toMatchObject(replaced);
    expect(await publishedKeys(xen)).toEqual(keys);
    await older.close();
    expect(await publishedKeys(xen)).toEqual(keys);
    if (pair !== undefined) await checkTogether(...pair);
    await checkTogether(...await Promise.all([newer.accept(), connect(xen)]));
    await newer.close();
    xen.assertClean();
  });

  test("is one whose nodes were removed, too", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    using store = await XenStore.open(xen.domain(0));
    const waiting = server.accept();
    await store.remove(folder);
    await expect(waiting).rejects.toMatchObject({
      code: "replaced",
      message: `Cannot accept: the nodes of this server at ${folder} were removed, or are not keys any more. Listen ` +
        "again.",
    });
    await server.close();
    store.close();
    xen.assertClean();
  });

  test("is not one that publishes again and again itself", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    for (let number = 0; number < 20; number++) {
      await checkTogether(...await Promise.all([server.accept(), connect(xen)]));
      await turns(number);
    }
    await server.close();
    xen.assertClean();
  });
});

describe("a server that is closed", () => {
  test.each([0, 1, 2, 5])(
    "leaves the keys of its successor, which may get the same ones, %d turns later",
    async (later) => {
      // Only the reference of the first server is free, once it has given it back.
      const xen = new MockXen({ tableFrames: 1, limit: 1024 });
      const sizes = { readSize: 0, writeSize: 0 };
      const first = await listen(xen, sizes);
      const device = new GrantDevice(xen.domain(1));
      const others = device.open();
      try {
        for (;;) others.allocate(0);
      } catch {
        // The table is full.
      }
      const closing = first.close();
      await turns(later);
      let second: VchanServer | undefined;
      while (second === undefined) second = await listen(xen, sizes).catch(() => undefined);
      await closing;
      await turns();
      const pair = await Promise.all([second.accept(), connect(xen, 1000)]);
      await checkTogether(...pair);
      await second.close();
      device.close();
      xen.assertClean();
    },
  );

  test("removes only folders that it has made", async () => {
    const xen = new MockXen();
    xen.domain(1);
    using store = await XenStore.open(xen.domain(0));
    await store.mkdir("/shared/chan");
    await store.setPermissions("/shared/chan", [{ domid: 1, access: "none" }]);
    for (let number = 0; number < 3; number++) {
      const server = await VchanServer.listen(xen.domain(1), 0, { path: "/shared/chan" });
      await checkTogether(
        ...await Promise.all([
          server.accept(),
          Vchan.connect(
            xen.domain(0),
            1,
            { path: "/shared/chan" },
          ),
        ]),
      );
      await server.close();
      expect(await store.list("/shared/chan")).toEqual([]);
    }
    const home = await VchanServer.listen(xen.domain(1), 0, { path: "/local/domain/1/data" });
    await home.close();
    expect(await store.list("/local/domain/1")).toContain("data");
    store.close();
    xen.assertClean();
  });
});
