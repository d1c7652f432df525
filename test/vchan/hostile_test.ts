/** What each side does when its peer lies. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan } from "../../src/vchan/mod.ts";
import { AT, RawServer } from "./by_hand.ts";
import { client, served } from "./by_hand_pairs.ts";
import { path, pattern, readExactly, turns } from "./support.ts";

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
