/** How two sides find each other: late, with what others have left, or in one domain. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels } from "../../mod.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { checkTogether, connect, folder, listen, meetAndEnd, path, turns } from "./support.ts";

describe("a client before its server", () => {
  test("waits for it", async () => {
    const xen = new MockXen();
    const connecting = connect(xen);
    await turns();
    const server = await listen(xen);
    await meetAndEnd(xen, server, connecting);
  });

  test("gives up in time, and says that nothing was there", async () => {
    const xen = new MockXen();
    await expect(connect(xen, 100)).rejects.toMatchObject({
      code: "timed-out",
      message:
        "Cannot connect within 100 ms: domain 1 has published nothing at /local/domain/1/data/vchan/0/test that " +
        "this domain may read. See whether a server runs there, and serves this domain.",
    });
    await expect(Vchan.connect(xen.domain(0), 1, { path: `data/${"x".repeat(40)}`, timeout: 100 })).rejects.toThrow(
      /A server in C cannot be there: libxenvchan cuts paths after 49 bytes, and this one has 61\.$/,
    );
    const reason = new Error("enough");
    const controller = new AbortController();
    const connecting = Vchan.connect(xen.domain(0), 1, { path, signal: controller.signal });
    await turns();
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    xen.assertClean();
  });

  test("gives up in time when XenStore does not answer, and says so", async () => {
    const xen = new MockXen();
    const faults = new Faults();
    faults.reply({ to: "watch", delay: Infinity });
    await expect(Vchan.connect(faults.wrap(xen.domain(0)), 1, { path, timeout: 500 })).rejects.toMatchObject({
      code: "timed-out",
      message: `Cannot connect within 500 ms: XenStore has not answered yet what is at ${folder}. Raise \`timeout\`.`,
    });
    xen.assertClean();
  });

  test("looks once if its timeout is 0", async () => {
    const xen = new MockXen();
    await expect(connect(xen, 0)).rejects.toMatchObject({
      code: "timed-out",
      message: expect.stringContaining("Cannot connect within 0 ms: domain 1 has published nothing"),
    });
    const server = await listen(xen);
    const [ours, theirs] = await Promise.all([server.accept(), connect(xen, 0)]);
    await checkTogether(ours, theirs);
    await server.close();
    xen.assertClean();
  });

  test("without a free port of its own is told so at once", async () => {
    const xen = new MockXen({ eventChannels: 6 });
    const events = new EventChannels(xen.domain(2));
    const server = await VchanServer.listen(xen.domain(1), 2, { path });
    const lack = "domain 2 has 6 event channels";
    expect(() => {
      for (;;) events.bindUnbound(1);
    }).toThrow(lack);
    await expect(Vchan.connect(xen.domain(2), 1, { path })).rejects.toMatchObject({
      name: "GrantError",
      code: "port-refused",
      message: expect.stringContaining(lack),
    });
    events.close();
    await server.close();
    xen.assertClean();
  }, 2000);

  test("in another domU waits, too, and may read nothing but the two keys", async () => {
    const xen = new MockXen();
    xen.domain(2);
    const connecting = Vchan.connect(xen.domain(2), 1, { path, timeout: 5000 });
    await turns();
    const server = await VchanServer.listen(xen.domain(1), 2, { path });
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    using store = await XenStore.open(xen.domain(2));
    await expect(store.list(server.path)).rejects.toMatchObject({ code: "denied" });
    await checkTogether(ours, theirs);
    await server.close();
    store.close();
    xen.assertClean();
  });
});

describe("a server before its client's domain", () => {
  test.each([["dom0", 0], ["a domU", 1]])("in %s is found when that domain comes", async (_, domid) => {
    const xen = new MockXen();
    const server = await VchanServer.listen(xen.domain(domid), 7, { path });
    await turns();
    const connecting = Vchan.connect(xen.domain(7), domid, { path, timeout: 5000 });
    const [ours, theirs] = await Promise.all([server.accept({ timeout: 5000 }), connecting]);
    await checkTogether(ours, theirs);
    await server.close();
    xen.assertClean();
  });

  test("can be closed while it waits for that domain", async () => {
    const xen = new MockXen();
    for (const domid of [0, 1]) {
      const server = await VchanServer.listen(xen.domain(domid), 7, { path });
      await server.close();
    }
    xen.assertClean();
  });
});

test("a domain can talk to itself, where its kernel allows that", async () => {
  const xen = new MockXen();
  const server = await VchanServer.listen(xen.domain(1), 1, { path });
  const [ours, theirs] = await Promise.all([server.accept(), Vchan.connect(xen.domain(1), 1, { path })]);
  await checkTogether(ours, theirs);
  await server.close();
  xen.assertClean();
});
