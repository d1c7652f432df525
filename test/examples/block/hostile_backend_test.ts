/**
 * What a disk makes of a backend that lies: an error with a code, and never a wrong byte, a crash or a wait for ever.
 */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { createDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import type { Request } from "../../../examples/block/protocol.ts";
import { BackendDevice, XenbusState } from "../../../src/pv/mod.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { HandBackend, PROPERTIES } from "./hand_backend.ts";
import { pattern, turns } from "./support.ts";

const { Connected, Closing, Closed } = XenbusState;
async function machine(offer = {}, properties: Record<string, string | number> = PROPERTIES) {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb");
  const [backend, device] = await Promise.all([
    HandBackend.connect(xen, offer, properties),
    BlockDevice.attach(xen.domain(1), "xvdb"),
  ]);
  return { xen, backend, device };
}

const id = (number: number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true);
  return bytes;
};

const lies: [name: string, message: RegExp, lie: (backend: HandBackend, request: Request) => void][] = [
  ["with an id that was never given", /it has answered request 77, which is not under way/, (backend, { answers }) => {
    backend.answer({ id: id(77), answers });
  }],
  ["with an id that is too large to be a number", /which is not under way/, (backend, { answers }) => {
    backend.answer({ id: new Uint8Array(8).fill(0xff), answers });
  }],
  ["with the right id and more behind it", /which is not under way/, (backend, { id, answers }) => {
    const other = id.slice();
    other[7] = 1;
    backend.answer({ id: other, answers });
  }],
  ["as another operation", /as operation 1, and it was operation 0/, (backend, { id }) => {
    backend.answer({ id, answers: 1 });
  }],
  ["with a status that means nothing", /with the status 5, which means nothing/, (backend, request) => {
    backend.answer(request, 5);
  }],
  ["with another status that means nothing", /with the status -3, which means nothing/, (backend, request) => {
    backend.answer(request, -3);
  }],
  [
    "more often than it was asked",
    /claims that there are 2 responses where there can be 0 to 1/,
    (backend, request) => {
      backend.answer(request);
      backend.ring.push();
      backend.setWord(2, 2);
    },
  ],
  ["very often", /claims that there are 2147483647 responses/, (backend) => backend.setWord(2, 2 ** 31 - 1)],
  ["less often than before", /claims that there are -1 responses/, (backend) => backend.setWord(2, 0xffff_ffff)],
];

describe("a backend that answers", () => {
  test.each(lies)("%s ends the disk with `protocol`", async (_, message, lie) => {
    const { xen, backend, device } = await machine();
    const failure = { name: "BlockError", code: "protocol", message: expect.stringMatching(message) };
    const read = expect(device.read(0, 512)).rejects.toMatchObject(failure);
    const request = await backend.request();
    lie(backend, request);
    backend.send();
    await read;
    await expect(device.read(0, 512)).rejects.toMatchObject({ code: "protocol" });
    await expect(device.flush()).rejects.toMatchObject(failure);
    await backend.follow();
    expect(await device.closed).toMatchObject({ reason: "protocol" });
    // Whoever looks into XenStore learns why.
    const store = await XenStore.open(xen.domain(0));
    expect(await store.readText("/local/domain/1/error/device/vbd/51728/error")).toMatch(message);
    store.close();
    xen.assertClean();
  });

  test("one request twice ends the disk with `protocol`, and the first answer counts", async () => {
    const { xen, backend, device } = await machine();
    const first = device.read(0, 512);
    const second = expect(device.read(4096, 512)).rejects.toMatchObject({ code: "protocol" });
    const request = await backend.request();
    await backend.request();
    backend.answer(request);
    backend.answer(request);
    backend.send();
    expect(await first).toEqual(new Uint8Array(512));
    await second;
    await backend.follow();
    expect(await device.closed).toMatchObject({ reason: "protocol" });
    xen.assertClean();
  });

  test("and then writes into the page changes nothing that was read", async () => {
    const { xen, backend, device } = await machine();
    const reading = device.read(0, 512);
    const request = await backend.request();
    const { gref } = request.segments[0]!;
    const page = backend.mapper.map(1, [gref], { writable: true });
    page.bytes.set(pattern(512));
    backend.answer(request);
    backend.send();
    const found = await reading;
    page.bytes.fill(0xee);
    expect(found).toEqual(pattern(512));
    // A page that is written again has what is written, and not what the backend has left there.
    const writing = device.write(0, pattern(512, 5));
    const write = await backend.request();
    expect(write.segments[0]!.gref).toBe(gref);
    expect(page.read(0, 512)).toEqual(pattern(512, 5));
    backend.answer(write);
    backend.send();
    await writing;
    page.unmap();
    const detaching = device.detach();
    await backend.follow();
    await detaching;
    xen.assertClean();
  });

  test("a flush with -2 can no longer flush, and a discard with -2 can no longer discard", async () => {
    const { xen, backend, device } = await machine({}, { ...PROPERTIES, "feature-discard": 1 });
    const flush = device.flush();
    const discard = expect(device.discard(0, 512)).rejects.toMatchObject({ code: "unsupported" });
    for (const _ of [1, 2]) backend.answer(await backend.request(), -2);
    backend.send();
    await flush;
    await discard;
    expect([device.canFlush, device.canDiscard]).toEqual([false, false]);
    await device.flush();
    await expect(device.discard(0, 512)).rejects.toMatchObject({ code: "unsupported" });
    const detaching = device.detach();
    await backend.follow();
    await detaching;
    xen.assertClean();
  });

  test("a barrier in place of a flush is asked for one", async () => {
    const { xen, backend, device } = await machine({}, {
      ...PROPERTIES,
      "feature-flush-cache": 0,
      "feature-barrier": 1,
    });
    const flush = device.flush();
    const request = await backend.request();
    expect(request).toMatchObject({ operation: 2, claimed: 0 });
    backend.answer(request);
    backend.send();
    await flush;
    const detaching = device.detach();
    await backend.follow();
    await detaching;
    xen.assertClean();
  });
});

describe("a backend that", () => {
  test("sends events all the time starves nobody", async () => {
    const { xen, backend, device } = await machine();
    let isStorming = true;
    const storm = (async () => {
      while (isStorming) {
        for (let count = 0; count < 100; count++) backend.channel.notify();
        await turns(1);
      }
    })();
    for (let round = 0; round < 20; round++) {
      const reading = device.read(0, 512);
      backend.answer(await backend.request());
      backend.ring.push();
      await reading;
    }
    isStorming = false;
    await storm;
    const detaching = device.detach();
    await backend.follow();
    await detaching;
    xen.assertClean();
  });

  test("never answers is given up, and its pages are kept until it ends", async () => {
    const { xen, backend, device } = await machine();
    await expect(device.read(0, 512, { signal: AbortSignal.timeout(5) })).rejects.toMatchObject({
      name: "TimeoutError",
    });
    const writing = expect(device.write(0, pattern(512))).rejects.toMatchObject({ code: "closed" });
    const detaching = device.detach({ timeout: 10 });
    await writing;
    await backend.follow();
    await detaching;
    xen.assertClean();
  });

  test("changes what this side wrote into the ring changes nothing", async () => {
    const { xen, backend, device } = await machine();
    const first = device.read(0, 512);
    const request = await backend.request();
    backend.page.bytes.fill(0xff, 64);
    backend.setWord(0, 0xdead);
    backend.answer(request);
    backend.send();
    expect(await first).toEqual(new Uint8Array(512));
    const second = device.read(512, 512);
    await turns();
    expect(new DataView(backend.page.bytes.buffer, backend.page.bytes.byteOffset).getUint32(0, true)).toBe(2);
    backend.answer(await backend.request());
    backend.send();
    await second;
    const detaching = device.detach();
    await backend.follow();
    await detaching;
    xen.assertClean();
  });

  test("says that it is closing in the middle is left, with what it has answered", async () => {
    const { xen, backend, device } = await machine();
    const first = device.read(0, 512);
    const second = expect(device.read(4096, 512)).rejects.toMatchObject({ code: "detached" });
    const request = await backend.request();
    await backend.device.publish({}, Closing);
    await turns();
    backend.answer(request);
    backend.send();
    await first;
    // The second one is never answered.
    backend.release();
    await backend.device.publish({}, Closed);
    await second;
    backend.device.close();
    expect(await device.closed).toMatchObject({ reason: "detached" });
    xen.assertClean();
  });

  test.each([
    ["a size that makes no sense", { sectors: "1e9" }, "protocol"],
    ["no size", { sectors: "" }, "protocol"],
    ["a size that is too large", { sectors: "9007199254740991" }, "protocol"],
    ["sectors of 3 bytes", { "sector-size": 3 }, "protocol"],
    ["sectors of 8192 bytes", { "sector-size": 8192 }, "protocol"],
    ["sectors of 0 bytes", { "sector-size": 0 }, "protocol"],
    ["a feature that is no number", { "feature-persistent": "yes" }, "protocol"],
  ])("has %s is refused", async (_, properties, code) => {
    const xen = new MockXen();
    xen.domain(1);
    await createDisk(xen.domain(0), 1, "xvdb");
    const connecting = HandBackend.connect(xen, {}, { ...PROPERTIES, ...properties });
    const attaching = expect(BlockDevice.attach(xen.domain(1), "xvdb")).rejects.toMatchObject({ code });
    const backend = await connecting;
    await backend.follow();
    await attaching;
    xen.assertClean();
  });

  test("offers more than there is gets what there is", async () => {
    const offer = { "max-ring-page-order": 1_000_000, "feature-max-indirect-segments": 1_000_000_000 };
    const { xen, backend, device } = await machine(offer);
    expect(device.maxBytes).toBe(1024 * 1024);
    const detaching = device.detach();
    await backend.follow();
    await detaching;
    xen.assertClean();
  });

  test("takes back its size, or writes garbage, later, ends the disk", async () => {
    const { xen, backend, device } = await machine();
    await backend.device.publish({ sectors: "many" }, Connected);
    await turns();
    await expect(device.read(0, 512)).rejects.toMatchObject({ code: "protocol" });
    await backend.follow();
    expect(await device.closed).toMatchObject({ reason: "protocol" });
    xen.assertClean();
  });

  test("refuses, or does not connect in time, is an error, and nothing is left", async () => {
    const xen = new MockXen();
    xen.domain(1);
    await createDisk(xen.domain(0), 1, "xvdb");
    const backend = await BackendDevice.open(xen.domain(0), "vbd", 1, 51728);
    const serving = (async () => {
      await backend.offer({});
      await backend.fail("no such file");
      await backend.end();
      await backend.offer({});
    })();
    await expect(BlockDevice.attach(xen.domain(1), "xvdb")).rejects.toMatchObject({
      code: "closing",
      message: expect.stringContaining("/local/domain/0/error/backend/vbd/1/51728/error"),
    });
    const late = BlockDevice.attach(xen.domain(1), "xvdb", { timeout: 500 });
    const isLate = expect(late).rejects.toMatchObject({ code: "timed-out" });
    await serving;
    await backend.waitForFrontend([Closing, Closed]);
    await backend.end();
    await isLate;
    backend.close();
    xen.assertClean();
  });
});
