/** How two sides find each other and lose each other: late, killed, destroyed, restarted, or one too many. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { Vchan, VchanServer, type VchanServerOptions } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { AT, connected, pattern, RawClient, RawServer, readExactly, turns } from "./support.ts";

const path = "test";
const folder = "/local/domain/1/data/vchan/0/test";

const listen = (xen: MockXen, options: Partial<VchanServerOptions> = {}) =>
  VchanServer.listen(xen.domain(1), 0, { path, ...options });
const connect = (xen: MockXen, timeout = 5000) => Vchan.connect(xen.domain(0), 1, { path, timeout });

/** The reference and the port that are published. */
async function publishedKeys(xen: MockXen): Promise<[gref: string, port: string]> {
  using store = await XenStore.open(xen.domain(0));
  return [await store.readText(`${folder}/ring-ref`), await store.readText(`${folder}/event-channel`)];
}

/** Checks that two ends are connected, and closes them. */
async function checkTogether(ours: Vchan, theirs: Vchan): Promise<void> {
  await Promise.all([ours.write(pattern(10)), theirs.write(pattern(20))]);
  expect(await readExactly(ours, 20)).toEqual(pattern(20));
  expect(await readExactly(theirs, 10)).toEqual(pattern(10));
  ours.close();
  theirs.close();
}

describe("a client before its server", () => {
  test("waits for it", async () => {
    const xen = new MockXen();
    const connecting = connect(xen);
    await turns();
    const server = await listen(xen);
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    await checkTogether(ours, theirs);
    await server.close();
    xen.assertClean();
  });

  test("gives up in time, and says that nothing was there", async () => {
    const xen = new MockXen();
    await expect(connect(xen, 10)).rejects.toMatchObject({
      code: "timed-out",
      message:
        "Cannot connect within 10 ms: domain 1 has published nothing at /local/domain/1/data/vchan/0/test that " +
        "this domain may read. See whether a server runs there, and serves this domain.",
    });
    await expect(Vchan.connect(xen.domain(0), 1, { path: `data/${"x".repeat(40)}`, timeout: 20 })).rejects.toThrow(
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

describe("keys", () => {
  test("of a server that was killed are no obstacle to the next one", async () => {
    const xen = new MockXen();
    const program = xen.domain(1).process();
    await VchanServer.listen(program, 0, { path });
    program.kill();
    const connecting = connect(xen);
    await turns();
    const server = await listen(xen);
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    await checkTogether(ours, theirs);
    await server.close();
    xen.assertClean();
  });

  test("of a server that was killed are named when nobody comes", async () => {
    const xen = new MockXen();
    const program = xen.domain(1).process();
    await VchanServer.listen(program, 0, { path });
    program.kill();
    await expect(connect(xen, 20)).rejects.toMatchObject({
      code: "timed-out",
      cause: { code: "port-refused" },
      message: expect.stringMatching(
        /what domain 1 has published at \/local\/domain\/1\/data\/vchan\/0\/test does not work\..* Cannot bind an event channel: domain 1 has no port 1\.$/,
      ),
    });
    xen.assertClean();
  });

  test("that name a page of something else leave that page alone", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen, { publish: false });
    const device = new GrantDevice(xen.domain(1));
    const other = device.open().share(0, { writable: true });
    other.bytes.fill(0x55);
    await server.publish(other.grefs[0]!);
    await expect(connect(xen, 20)).rejects.toMatchObject({ code: "timed-out", cause: { code: "stale" } });
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

describe("the end of a program", () => {
  test.each(["server", "client"] as const)("that is the %s is noticed, and what it wrote is left", async (which) => {
    const xen = new MockXen();
    const programs = { server: xen.domain(1).process(), client: xen.domain(0).process() };
    const server = await VchanServer.listen(programs.server, 0, { path });
    const connecting = Vchan.connect(programs.client, 1, { path });
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    const [dies, stays] = which === "server" ? [ours, theirs] : [theirs, ours];
    await dies.write(pattern(1000));
    programs[which].kill();
    expect((await stays.closed).reason).toBe("peer-closed");
    expect(await readExactly(stays, 2000)).toEqual(pattern(1000));
    await expect(stays.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "peer-closed" });
    stays.close();
    if (which === "client") await server.close();
    xen.assertClean();
  });
});

describe("the end of a domain", () => {
  const cases = [
    ["the server's, in a domU, seen by dom0", 1, 0, "server"],
    ["the client's, in a domU, seen by dom0", 0, 1, "client"],
    ["the server's, seen by another domU", 1, 2, "server"],
  ] as const;

  test.each(cases)("%s", async (_, serverDomid, clientDomid, dies) => {
    const xen = new MockXen();
    const domains = { server: xen.domain(serverDomid), client: xen.domain(clientDomid) };
    const server = await VchanServer.listen(domains.server, clientDomid, { path });
    const connecting = Vchan.connect(domains.client, serverDomid, { path });
    const [ours, theirs] = await Promise.all([server.accept(), connecting]);
    const [lost, stays] = dies === "server" ? [ours, theirs] : [theirs, ours];
    await lost.write(pattern(100));
    const reading = readExactly(stays, 200);
    await turns();
    domains[dies].destroy();
    expect(await reading).toEqual(pattern(100));
    expect(await stays.closed).toEqual({ reason: "peer-gone" });
    await expect(stays.write(Uint8Array.of(1))).rejects.toMatchObject({
      code: "peer-gone",
      message: expect.stringMatching(/^Cannot write: domain \d is gone\./),
    });
    stays.close();
    if (dies === "client") await server.close();
    xen.assertClean();
  });

  test("is not what the removal of the keys means: one-shot servers remove them at once", async () => {
    const xen = new MockXen();
    const server = await VchanServer.listen(xen.domain(1), 2, { path });
    const [ours, theirs] = await Promise.all([server.accept(), Vchan.connect(xen.domain(2), 1, { path })]);
    await server.close();
    await turns();
    expect(theirs.ending).toBeUndefined();
    await checkTogether(ours, theirs);
    xen.assertClean();
  });
});

describe("many clients", () => {
  test("one after the other, a hundred times, each without what the one before has left", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    const serving = (async () => {
      for await (using connection of server) {
        const bytes = new Uint8Array(1);
        await connection.receive(bytes);
        await connection.write(bytes);
        await connection.write(pattern(500));
        await connection.closed;
      }
    })();
    for (let number = 0; number < 100; number++) {
      const client = await connect(xen);
      await client.write(Uint8Array.of(number, 1, 2, 3));
      const answer = new Uint8Array(1);
      await client.receive(answer);
      expect(answer[0]).toBe(number);
      client.close();
    }
    await server.close();
    await serving;
    xen.assertClean();
  });

  test("do not take the place of one that has just left, however soon they come", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    const first = await connect(xen);
    await first.write(Uint8Array.of(1));
    first.close();
    const second = connect(xen);
    await turns();
    const ours = await server.accept();
    expect(await readExactly(ours, 2)).toEqual(Uint8Array.of(1));
    expect((await ours.closed).reason).toBe("peer-closed");
    ours.close();
    const [next, theirs] = await Promise.all([server.accept(), second]);
    await checkTogether(next, theirs);
    await server.close();
    xen.assertClean();
  });

  test("of another library that do take its place end the connection of the one that has left", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    const first = await RawClient.open(xen);
    const second = RawClient.open(xen, folder).catch((error) => error.code);
    expect(await second).toBe("port-refused");
    first.join();
    const keys = await publishedKeys(xen);
    const ours = await server.accept();
    expect(await publishedKeys(xen)).toEqual(["0", "0"]);
    // It had read the keys before.
    first.close();
    const late = RawClient.of(xen, ...keys);
    late.join();
    expect((await ours.closed).reason).toBe("peer-closed");
    await expect(ours.read(new Uint8Array(1))).rejects.toMatchObject({ code: "closed" });
    expect(late.page.bytes[AT.serverLive]).toBe(0);
    late.close();
    ours.close();
    await server.close();
    xen.assertClean();
  });

  test("at once, each with memory of its own", async () => {
    const xen = new MockXen();
    const server = await listen(xen, { readSize: 4096, writeSize: 4096 });
    const connections: Vchan[] = [];
    const serving = (async () => {
      for await (const connection of server) {
        connections.push(connection);
        connection.readable.pipeTo(connection.writable);
      }
    })();
    const clients = await Promise.all(Array.from({ length: 20 }, () => connect(xen)));
    await Promise.all(clients.map(async (client, index) => {
      const sent = pattern(20_000, index);
      const writing = client.write(sent);
      expect(Buffer.compare(await readExactly(client, sent.length), sent)).toBe(0);
      await writing;
    }));
    for (const client of clients) client.close();
    await Promise.all(connections.map(({ closed }) => closed));
    await turns();
    await server.close();
    await serving;
    xen.assertClean();
  });

  test("at 20 servers at once", async () => {
    const xen = new MockXen();
    const finishes = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const server = await VchanServer.listen(xen.domain(1), 0, { path: `channel-${index}` });
      const connecting = Vchan.connect(xen.domain(0), 1, { path: `channel-${index}` });
      const [ours, theirs] = await Promise.all([server.accept(), connecting]);
      await checkTogether(ours, theirs);
      return () => server.close();
    }));
    for (const finish of finishes) await finish();
    xen.assertClean();
  });

  test("a second one waits while the only place is taken, and gets the next", async () => {
    const { xen, server, ours, theirs, finish } = await connected();
    await expect(connect(xen, 20)).rejects.toMatchObject({
      code: "timed-out",
      message: `Cannot connect within 20 ms: domain 1 serves another client at ${folder}, and has no place for this ` +
        "one yet. Try again later.",
    });
    const second = connect(xen);
    await turns();
    const [ours2, theirs2] = await Promise.all([server.accept(), second]);
    await checkTogether(ours2, theirs2);
    await checkTogether(ours, theirs);
    await finish();
  });

  test("a second one gets the place of the first at a server that keeps its keys, as those in C", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen);
    const first = await connect(xen);
    await expect(connect(xen, 20)).rejects.toMatchObject({
      code: "timed-out",
      cause: { code: "port-refused" },
      message: expect.stringContaining("See whether another client is connected"),
    });
    const second = connect(xen);
    await turns();
    first.close();
    const client = await second;
    server.write(1, 2);
    expect(await readExactly(client, 2)).toEqual(Uint8Array.of(1, 2));
    client.close();
    server.close();
    xen.assertClean();
  });

  test("wait for pages when a connection has them", async () => {
    const xen = new MockXen();
    const server = await listen(xen, { readSize: 2 ** 20, writeSize: 2 ** 20 });
    const [ours, theirs] = await Promise.all([server.accept(), connect(xen)]);
    const next = server.accept({ timeout: 5000 });
    await turns(50);
    await checkTogether(ours, theirs);
    const second = await connect(xen);
    await checkTogether(await next, second);
    await server.close();
    xen.assertClean();
  });

  test("are refused with the reason when there are too few pages for the first", async () => {
    const xen = new MockXen();
    xen.domain(1).limit = 10;
    await expect(listen(xen)).rejects.toMatchObject({ code: "kernel-limit-reached" });
    xen.assertClean();
  });
});

describe("a call that is given up halfway", () => {
  test("leaves nothing, at whatever step", async () => {
    for (let steps = 0; steps < 60; steps++) {
      const xen = new MockXen();
      const store = await XenStore.open(xen.domain(1));
      const reason = new Error("enough");
      const controller = new AbortController();
      const { signal } = controller;
      const listening = VchanServer.listen(xen.domain(1), 0, { path, signal }).then(
        async (server) => {
          // It was there before the signal: then the signal has no effect.
          await server.close();
        },
        (error) => expect(error).toBe(reason),
      );
      const connecting = Vchan.connect(xen.domain(0), 1, { path, signal }).then(
        (client) => client.close(),
        (error) => expect(error).toBe(reason),
      );
      await turns(steps);
      controller.abort(reason);
      await Promise.all([listening, connecting]);
      expect(await store.list("data")).toEqual([]);
      store.close();
      xen.assertClean();
    }
  });

  test("may be the end of a server while it makes the next place", async () => {
    for (let steps = 0; steps < 30; steps++) {
      const { xen, server, ours, theirs } = await connected();
      const accepting = server.accept().catch((error) => error.code);
      await turns(steps);
      await server.close();
      expect(await accepting).toBe("closed");
      const store = await XenStore.open(xen.domain(1));
      expect(await store.list("data")).toEqual([]);
      store.close();
      ours.close();
      theirs.close();
      xen.assertClean();
    }
  });
});

describe("a server that is closed", () => {
  test("ends its loops and calls that wait, and leaves its connections", async () => {
    const { xen, server, ours, theirs } = await connected();
    const accepting = server.accept();
    const looping = (async () => {
      for await (const _ of server) expect.unreachable();
    })();
    await turns();
    await Promise.all([
      server.close(),
      expect(accepting).rejects.toMatchObject({ code: "closed", operation: "accept" }),
      looping,
    ]);
    expect(server.closed).toBe(true);
    await expect(server.accept()).rejects.toMatchObject({ code: "closed" });
    await checkTogether(ours, theirs);
    xen.assertClean();
  });

  test("is not what the end of a loop means: the next loop goes on", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    const clients = server[Symbol.asyncIterator]();
    const waiting = clients.next();
    await turns();
    await clients.return!();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect(await clients.next()).toEqual({ value: undefined, done: true });
    const connecting = connect(xen);
    for await (const ours of server) {
      await checkTogether(ours, await connecting);
      break;
    }
    await server.close();
    xen.assertClean();
  });

  test("by `using` has freed its memory at once", async () => {
    const xen = new MockXen();
    {
      using _server = await listen(xen);
    }
    expect(xen.inspect().domains.flatMap(({ grants, ports }) => [...grants, ...ports])).toEqual([]);
    await turns(50);
    xen.assertClean();
  });
});

describe("`accept()`", () => {
  test("gives up in time, or when its signal is aborted, and loses no client", async () => {
    const xen = new MockXen();
    const server = await listen(xen);
    await expect(server.accept({ timeout: 5 })).rejects.toMatchObject({
      code: "timed-out",
      message: `Cannot accept: no client of domain 0 has come to ${folder} within 5 ms. See whether it runs and uses ` +
        "the same path, or raise `timeout`.",
    });
    const reason = new Error("enough");
    await expect(server.accept({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const theirs = await connect(xen);
    await checkTogether(await server.accept(), theirs);
    await server.close();
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
