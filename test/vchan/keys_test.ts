/** The keys by which clients find a server. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { VchanServer } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { AT, RawServer } from "./by_hand.ts";
import { checkTogether, connect, folder, listen, meetAndEnd, path, turns } from "./support.ts";

describe("keys", () => {
  test("of a server that was killed are no obstacle to the next one", async () => {
    const xen = new MockXen();
    const program = xen.domain(1).process();
    await VchanServer.listen(program, 0, { path });
    program.kill();
    const connecting = connect(xen);
    await turns();
    const server = await listen(xen);
    await meetAndEnd(xen, server, connecting);
  });

  test("of a server that was killed are named when nobody comes", async () => {
    const xen = new MockXen();
    const program = xen.domain(1).process();
    await VchanServer.listen(program, 0, { path });
    program.kill();
    await expect(connect(xen, 100)).rejects.toMatchObject({
      code: "timed-out",
      cause: { code: "port-refused" },
      message: expect.stringMatching(
        /what domain 1 has published at \/local\/domain\/1\/data\/vchan\/0\/test does not work\..* Cannot bind an event channel: domain 1 has no port 1\.$/,
      ),
    });
    xen.assertClean();
  });

  test.each([["0x10", "3"], [" 8", "1"], ["5", "0"], ["word", ""]])(
    "that are not numbers of their kind are called so: %j and %j",
    async (gref, port) => {
      const xen = new MockXen();
      const server = await RawServer.open(xen, { publish: false });
      await server.publish(gref, port);
      await expect(connect(xen, 100)).rejects.toMatchObject({
        code: "timed-out",
        message: `Cannot connect within 100 ms: what domain 1 has published at ${folder} is not a reference and a ` +
          "port, both in decimal. See whether the path is that of a vchan.",
      });
      server.close();
      xen.assertClean();
    },
  );

  test("that name no server are not tried again before the nodes change, even if they come alive", async () => {
    const xen = new MockXen();
    const device = new GrantDevice(xen.domain(1));
    const allocator = device.open();
    let page = allocator.share(2);
    const gref = page.grefs[0]!;
    for (const isMapped of [true, false]) {
      const server = await RawServer.open(xen, { serverLive: isMapped ? 0 : 1, publish: false });
      await server.publish(isMapped ? server.gref : gref);
      const code = isMapped ? "stale" : "map-refused";
      await expect(connect(xen, 100)).rejects.toMatchObject({ code: "timed-out", cause: { code } });
      const connecting = connect(xen);
      await turns();
      // As if the server of another channel had got the memory and the port.
      let alive: Uint8Array = server.page.bytes;
      if (isMapped) alive[AT.serverLive] = 1;
      else {
        page.release();
        page = allocator.share(0, { writable: true });
        expect(page.grefs[0]).toBe(gref);
        alive = page.bytes;
        alive.set(server.page.bytes);
      }
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect(alive[AT.clientLive]).toBe(2);
      await server.publish();
      const client = await connecting;
      expect(server.page.bytes[AT.clientLive]).toBe(1);
      client.close();
      server.close();
    }
    page.release();
    device.close();
    xen.assertClean();
  });

  test("that name a page of something else leave that page alone", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen, { publish: false });
    const device = new GrantDevice(xen.domain(1));
    const other = device.open().share(0, { writable: true });
    other.bytes.fill(0x55);
    await server.publish(other.grefs[0]!);
    await expect(connect(xen, 100)).rejects.toMatchObject({ code: "timed-out", cause: { code: "stale" } });
    expect(other.bytes.every((byte) => byte === 0x55)).toBe(true);
    // Its place is taken by a real one.
    const connecting = connect(xen);
    await turns();
    await server.publish();
    const client = await connecting;
    expect(server.page.bytes[AT.clientLive]).toBe(1);
    client.close();
    server.close();
    other.release();
    device.close();
    xen.assertClean();
  });

  test.each([["x", 3], [0, 3], [9, 0], ["-1", 3], ["", ""], [2 ** 33, 3]])(
    "of %j and %j are not there yet",
    async (gref, port) => {
      const xen = new MockXen();
      const server = await RawServer.open(xen, { publish: false });
      await server.publish(gref, port);
      const connecting = connect(xen);
      await turns(50);
      await server.publish();
      (await connecting).close();
      server.close();
      xen.assertClean();
    },
  );

  test("are removed with the folders that are empty, when a server is closed", async () => {
    const xen = new MockXen();
    const store = await XenStore.open(xen.domain(1));
    const [first, second] = [await listen(xen), await VchanServer.listen(xen.domain(1), 0, { path: "other" })];
    expect((await store.list("data/vchan/0")).sort()).toEqual(["other", "test"]);
    await first.close();
    expect(await store.list("data/vchan/0")).toEqual(["other"]);
    await store.write("data/vchan/0/other/note", "kept");
    await second.close();
    expect(await store.list("data/vchan/0/other")).toEqual(["note"]);
    await store.remove("data/vchan");
    await (await listen(xen)).close();
    expect(await store.list("data")).toEqual([]);
    // Outside of `data`, only the folder itself.
    const dom0 = await VchanServer.listen(xen.domain(0), 1, { path: "/tool/a/b" });
    await dom0.close();
    store.close();
    using root = await XenStore.open(xen.domain(0));
    expect(await root.list("/tool")).toContain("a");
    expect(await root.list("/tool/a")).toEqual([]);
    root.close();
    xen.assertClean();
  });

  test("of a newer server stay when an older one is closed", async () => {
    const xen = new MockXen();
    const older = await listen(xen);
    const newer = await listen(xen);
    await older.close();
    const [ours, theirs] = await Promise.all([newer.accept(), connect(xen)]);
    await checkTogether(ours, theirs);
    await newer.close();
    xen.assertClean();
  });

  test("are written in one transaction, again if it conflicts", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    using store = await XenStore.open(xen.domain(1));
    const seen = await store.permissions(`${folder}/ring-ref`);
    expect(seen).toEqual([{ domid: 1, access: "none" }, { domid: 0, access: "read" }]);
    expect(await store.permissions(`${folder}/event-channel`)).toEqual(seen);
    expect(await store.readText(`${folder}/ring-ref`)).toMatch(/^[1-9]\d*$/);
    store.close();
    await server.close();
    xen.assertClean();
  });
});
