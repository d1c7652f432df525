/** A peer of which each byte is written by hand, as libxenvchan lays it out: both roles are compatible with it. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { faultOf, pagesOf } from "../../src/vchan/orders.ts";
import { AT, RawClient, RawServer } from "./by_hand.ts";
import { client, served } from "./by_hand_pairs.ts";
import { path, pattern, readExactly, turns } from "./support.ts";

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
