/** Several clients of one server, and the end of the server. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { AT, RawClient, RawServer } from "./by_hand.ts";
import {
  checkTogether,
  connect,
  connected,
  folder,
  listen,
  meetAndEnd,
  pattern,
  publishedKeys,
  readExactly,
  turns,
} from "./support.ts";

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
    await meetAndEnd(xen, server, second);
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
    await expect(connect(xen, 100)).rejects.toMatchObject({
      code: "timed-out",
      message: `Cannot connect within 100 ms: domain 1 serves another client at ${folder}, and has no place for this ` +
        "one yet, or its server was killed since. Try again later, or restart the server.",
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
    await expect(connect(xen, 100)).rejects.toMatchObject({
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

  test("a second one leaves such a server the time to notice that the first has left", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen);
    const first = await connect(xen);
    const second = connect(xen);
    // Shortly before it tries again.
    await new Promise((resolve) => setTimeout(resolve, 200));
    first.close();
    const left = performance.now();
    // As libxenvchan does when it looks for bytes, before it looks whether the client is there.
    server.page.bytes[AT.clientNotify]! |= 1;
    const client = await second;
    expect(performance.now() - left).toBeGreaterThan(90);
    client.close();
    server.close();
    xen.assertClean();
  });

  test("a second one waits for such a server to ask for events again, which shows that it has noticed", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen);
    for (const notices of [true, false]) {
      const first = await connect(xen);
      server.page.bytes[AT.clientNotify]! |= 3;
      first.close();
      expect(server.page.bytes[AT.clientNotify]).toBe(0);
      const late = connect(xen, 1000);
      if (!notices) {
        await expect(late).rejects.toMatchObject({
          code: "timed-out",
          cause: { code: "stale", message: expect.stringContaining("Wait for the server to notice.") },
        });
        continue;
      }
      setTimeout(() => server.page.bytes[AT.clientNotify]! |= 1, 300);
      (await late).close();
    }
    // The server may never show it.
    (await connect(xen)).close();
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

  test("by `using` has told its clients at once, and frees its memory when the keys are gone", async () => {
    const xen = new MockXen();
    const used = () => xen.inspect().domains.flatMap(({ grants, ports }) => [...grants, ...ports]).length;
    using store = await XenStore.open(xen.domain(0));
    let waiting: Vchan;
    {
      using _server = await listen(xen);
      waiting = await connect(xen);
    }
    await turns(1);
    expect(waiting.ending).toMatchObject({ reason: "peer-closed" });
    waiting.close();
    // Whenever the keys can be read, they name memory that is still granted.
    while (await store.read(`${folder}/event-channel`).then(() => true, () => false)) expect(used()).toBeGreaterThan(0);
    await turns(50);
    expect(used()).toBe(0);
    store.close();
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
