/**
 * A peer of which each byte is written by hand, as libxenvchan lays it out: that both roles are compatible with it, and
 * what each does when it lies.
 */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { faultOf, pagesOf } from "../../src/vchan/orders.ts";
import { AT, pattern, RawClient, RawServer, type RawServerOptions, readExactly, turns } from "./support.ts";

const path = "test";

/** A server by hand, and a client of the library. */
async function client(options: RawServerOptions = {}) {
  const xen = new MockXen();
  const server = await RawServer.open(xen, options);
  const vchan = await Vchan.connect(xen.domain(0), 1, { path });
  const { page } = server;
  const finish = () => {
    vchan.close();
    server.close();
    xen.assertClean();
  };
  return { xen, server, page, vchan, finish };
}

/** A server of the library, and a client by hand. */
async function served(options: { readSize?: number; writeSize?: number } = {}) {
  const xen = new MockXen();
  const server = await VchanServer.listen(xen.domain(1), 0, { path, ...options });
  const raw = await RawClient.open(xen);
  raw.join();
  const vchan = await server.accept();
  const finish = async () => {
    raw.close();
    vchan.close();
    await server.close();
    xen.assertClean();
  };
  return { xen, server, raw, page: raw.page, vchan, finish };
}

describe("a server", () => {
  test("lays out its page as libxenvchan does, before a client comes", async () => {
    const xen = new MockXen();
    const server = await VchanServer.listen(xen.domain(1), 0, { path, readSize: 4096, writeSize: 2048 });
    const raw = await RawClient.open(xen);
    const { bytes, page } = { bytes: raw.page.bytes, page: raw.page };
    expect([page.order(AT.leftOrder), page.order(AT.rightOrder)]).toEqual([12, 11]);
    expect([0, 4, 8, 12].map((at) => page.word(at))).toEqual([0, 0, 0, 0]);
    expect([...bytes.subarray(20, 24)]).toEqual([2, 1, 1, 0]);
    expect(page.word(AT.grants)).toBeGreaterThan(0);
    expect(bytes.subarray(28).every((byte) => byte === 0)).toBe(true);
    raw.close();
    await server.close();
    xen.assertClean();
  });

  test("reads and writes where the client expects it, and wakes it only when asked", async () => {
    const { raw, page, vchan, finish } = await served({ readSize: 4096, writeSize: 2048 });
    raw.left[0]!.set([1, 2, 3]);
    page.setWord(AT.leftProd, 3);
    expect(await readExactly(vchan, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(page.word(AT.leftCons)).toBe(3);

    // The client has asked for the first write when it joined.
    while (raw.channel.poll()) await turns();
    await vchan.write(Uint8Array.of(7, 8));
    await turns();
    expect([raw.channel.poll(), page.word(AT.rightProd), page.bytes[AT.serverNotify]]).toEqual([true, 2, 0]);
    expect([...page.bytes.subarray(2048, 2050)]).toEqual([7, 8]);
    await vchan.write(Uint8Array.of(9));
    await turns();
    expect([raw.channel.poll(), page.word(AT.rightProd)]).toEqual([false, 3]);

    // A read that waits asks the client, and no other bit of that word changes.
    page.bytes[AT.clientNotify] = 0;
    const reading = vchan.read(new Uint8Array(1));
    expect([...page.bytes.subarray(20, 24)]).toEqual([3, 1, 1, 0]);
    raw.left[0]![3] = 5;
    page.setWord(AT.leftProd, 4);
    raw.channel.notify();
    expect(await reading).toBe(1);
    await finish();
  });

  test("starts its indices at 0 and lets them wrap", async () => {
    const { raw, page, vchan, finish } = await served({ readSize: 4096, writeSize: 4096 });
    for (let index = 0; index < 3; index++) {
      const bytes = pattern(4096, index);
      raw.left[0]!.set(bytes);
      page.setWord(AT.leftProd, 4096 * (index + 1));
      expect(await readExactly(vchan, 4096)).toEqual(bytes);
    }
    await finish();
  });

  test("takes a client that came and left before it looked, with what it wrote", async () => {
    const xen = new MockXen();
    const server = await VchanServer.listen(xen.domain(1), 0, { path, readSize: 4096 });
    const raw = await RawClient.open(xen);
    raw.join();
    raw.left[0]!.set([1, 2, 3]);
    raw.page.setWord(AT.leftProd, 3);
    raw.close();
    const vchan = await server.accept();
    expect((await vchan.closed).reason).toBe("peer-closed");
    expect(await readExactly(vchan, 10)).toEqual(Uint8Array.of(1, 2, 3));
    vchan.close();
    await server.close();
    xen.assertClean();
  });
});

describe("a client", () => {
  const orders = Array.from({ length: 11 }, (_, index) => index + 10);
  // Both rings of 1 MiB have as many pages as half of the limit.
  const pairs = orders.flatMap((left) => orders.map((right) => [left, right] as const))
    .filter(([left, right]) => pagesOf(left) + pagesOf(right) < 512 || left === right);

  test("joins every legal pair of orders, and refuses every other one", async () => {
    for (const [left, right] of [...pairs, [9, 12], [12, 21], [0, 0], [65535, 12]] as const) {
      if (faultOf({ left, right }) === undefined) {
        const { page, server, vchan, finish } = await client({ left, right });
        expect([...page.bytes.subarray(20, 24)]).toEqual([1, 1, 1, 1]);
        expect([vchan.bufferSpace, vchan.dataReady]).toEqual([2 ** left, 0]);
        server.write(1, 2, 3);
        expect(await readExactly(vchan, 3)).toEqual(Uint8Array.of(1, 2, 3));
        await vchan.write(Uint8Array.of(4, 5));
        expect([...server.left[0]!.subarray(0, 2), page.word(AT.leftProd)]).toEqual([4, 5, 2]);
        finish();
      } else {
        const xen = new MockXen();
        const server = await RawServer.open(xen, { left, right });
        await expect(Vchan.connect(xen.domain(0), 1, { path })).rejects.toMatchObject({
          code: "protocol",
          message: expect.stringContaining(`its rings have the orders ${left} and ${right}: `),
        });
        expect(server.page.bytes[AT.clientLive]).toBe(2);
        server.close();
        xen.assertClean();
      }
    }
  });

  test("works with pages that lie apart, and with a ring that it may not write to", async () => {
    for (const [left, right] of [[14, 13], [13, 10], [11, 14]] as const) {
      for (const options of [{ apart: true }, { apart: true, rightWritable: false }, { rightWritable: false }]) {
        const { server, page, vchan, finish } = await client({ left, right, ...options });
        const size = 2 ** right;
        for (let round = 0; round < 3; round++) {
          const bytes = pattern(size - 100, round);
          server.write(...bytes);
          expect(await readExactly(vchan, bytes.length)).toEqual(bytes);
        }
        for (let round = 0; round < 3; round++) {
          const bytes = pattern(2 ** left - 100, round);
          const start = page.word(AT.leftProd);
          await vchan.write(bytes);
          const ring = Buffer.concat(server.left);
          const got = bytes.map((_, index) => ring[(start + index) % ring.length]!);
          expect(Buffer.compare(got, bytes)).toBe(0);
          page.setWord(AT.leftCons, page.word(AT.leftProd));
        }
        finish();
      }
    }
  });

  test("starts from the indices of the page, where another client has left them", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen, { left: 12, right: 12 });
    const { page } = server;
    for (const at of [AT.leftCons, AT.leftProd, AT.rightCons, AT.rightProd]) page.setWord(at, 2 ** 32 - 2);
    server.write(1, 2, 3, 4);
    const vchan = await Vchan.connect(xen.domain(0), 1, { path });
    expect(await readExactly(vchan, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    await vchan.write(pattern(4));
    expect([page.word(AT.leftProd), page.word(AT.rightCons)]).toEqual([2, 2]);
    expect([server.left[0]![4094], server.left[0]![1]]).toEqual([pattern(4)[0], pattern(4)[3]]);
    vchan.close();
    server.close();
    xen.assertClean();
  });

  test("sends an event when it has joined, and clears its byte when it leaves", async () => {
    const { server, page, vchan, finish } = await client();
    await turns();
    expect(server.channel.poll()).toBe(true);
    vchan.close();
    await turns();
    expect([page.bytes[AT.clientLive], page.bytes[AT.serverLive]]).toEqual([0, 1]);
    expect(server.channel.poll()).toBe(true);
    finish();
  });
});

/** What a hostile peer does to an index, and how the library takes it. */
const lies: [what: string, lie: (index: number, size: number) => number][] = [
  ["far ahead", (index, size) => index + size + 1],
  ["very far ahead", (index) => index + 2 ** 31],
  ["back", (index) => index - 1],
];

describe.each(lies)("an index that is %s ends the connection with `protocol`", (_, lie) => {
  const change = (page: { word(at: number): number; setWord(at: number, value: number): void }, at: number) =>
    page.setWord(at, lie(page.word(at), 4096) >>> 0);

  test.each(
    ["read", "write", "receive", "send", "tryRead", "tryWrite", "dataReady", "bufferSpace", "waiting"] as const,
  )(
    "seen by `%s`",
    async (call) => {
      for (const role of ["server", "client"] as const) {
        const both = role === "client"
          ? await client({ left: 12, right: 12 })
          : await served({ readSize: 4096, writeSize: 4096 });
        const { vchan, page } = both;
        const { channel } = "raw" in both ? both.raw : both.server;
        const [reads, writes] = role === "client" ? [AT.rightProd, AT.leftCons] : [AT.leftProd, AT.rightCons];
        // So that both indices are in the middle of something.
        page.setWord(reads, 3);
        await vchan.write(pattern(4096));
        await vchan.read(new Uint8Array(1));
        const isWrite = /^(write|send|tryWrite|bufferSpace)$/.test(call);
        let run: () => unknown;
        if (call === "waiting") {
          await readExactly(vchan, 2);
          const waiting = vchan.read(new Uint8Array(1));
          change(page, reads);
          channel.notify();
          run = () => waiting;
        } else {
          change(page, isWrite ? writes : reads);
          const bytes = new Uint8Array(10);
          run = async () => call === "dataReady" || call === "bufferSpace" ? vchan[call] : await vchan[call](bytes);
        }
        const failure = {
          code: "protocol",
          message: expect.stringMatching(/^Cannot \w+: domain [01] broke the protocol: it claims to have /),
        };
        await expect((async () => await run())()).rejects.toMatchObject(failure);
        expect(await vchan.closed).toMatchObject({ reason: "protocol" });
        // Everything has ended, and the memory is given back.
        await expect(vchan.read(new Uint8Array(1))).rejects.toMatchObject({ code: "protocol" });
        await expect(vchan.write(new Uint8Array(1))).rejects.toMatchObject({ code: "protocol" });
        expect(page.bytes[role === "client" ? AT.clientLive : AT.serverLive]).toBe(0);
        await both.finish();
      }
    },
  );
});

describe("lies that do no harm", () => {
  test("this side's own indices and the orders in the page are not read again", async () => {
    const { page, server, vchan, finish } = await client({ left: 12, right: 12 });
    for (const at of [AT.leftProd, AT.rightCons]) page.setWord(at, 0xdead_beef);
    page.view.setUint16(AT.leftOrder, 20, true);
    page.setWord(AT.grants, 1);
    server.write(1, 2);
    expect(await readExactly(vchan, 2)).toEqual(Uint8Array.of(1, 2));
    await vchan.write(Uint8Array.of(3));
    expect([server.left[0]![0], page.word(AT.leftProd), page.word(AT.rightCons)]).toEqual([3, 1, 2]);
    finish();
  });

  test("events that mean nothing, and bits that nobody set", async () => {
    const { page, server, vchan, finish } = await client();
    const reading = vchan.read(new Uint8Array(1));
    for (let round = 0; round < 10; round++) {
      page.bytes[AT.clientNotify] = 0xff;
      page.bytes[AT.serverNotify] = round;
      server.channel.notify();
      await turns(3);
    }
    server.write(1);
    expect(await reading).toBe(1);
    finish();
  });

  test("a side that says it is back stays gone", async () => {
    const { page, server, vchan, finish } = await client();
    page.bytes[AT.serverLive] = 0;
    server.channel.notify();
    expect((await vchan.closed).reason).toBe("peer-closed");
    page.bytes[AT.serverLive] = 1;
    await expect(vchan.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "peer-closed" });
    finish();
  });

  test("a server that leaves while a client joins", async () => {
    const xen = new MockXen();
    const server = await RawServer.open(xen);
    const connecting = Vchan.connect(xen.domain(0), 1, { path });
    connecting.then(() => {
      server.page.bytes[AT.serverLive] = 0;
    });
    const vchan = await connecting;
    expect(await vchan.read(new Uint8Array(1))).toBe(null);
    vchan.close();
    server.close();
    xen.assertClean();
  });

  test("indices that are wrong from the start", async () => {
    for (const at of [AT.leftCons, AT.rightProd]) {
      const xen = new MockXen();
      const server = await RawServer.open(xen);
      server.page.setWord(at, 100_000);
      await expect(Vchan.connect(xen.domain(0), 1, { path })).rejects.toMatchObject({ code: "protocol" });
      server.close();
      xen.assertClean();
    }
  });
});
