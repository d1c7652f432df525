/** What a backend makes of a frontend that lies: an error in the answer, or the end of that connection. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { type BackendOptions, BlockBackend, createDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import { putSegments, RESPONSE_SIZE, SLOT_SIZE } from "../../../examples/block/protocol.ts";
import { GrantDevice } from "../../../mod.ts";
import { FrontendDevice, XenbusState } from "../../../src/pv/mod.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { badRequests } from "./bad_requests.ts";
import { HandFrontend, request } from "./hand_frontend.ts";
import { pattern, SlowDisk, turns } from "./support.ts";

const { Connected, Closing, Closed, InitWait } = XenbusState;

async function machine(options: BackendOptions & { readOnly?: boolean } = {}) {
  const { readOnly = false, ...backendOptions } = options;
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb", { readOnly });
  const disk = new SlowDisk(1024 * 1024, { readOnly });
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk, backendOptions);
  /** Whether a good frontend is served. */
  const check = async () => {
    const device = await BlockDevice.attach(xen.domain(1), "xvdb");
    if (!readOnly) {
      await device.write(0, pattern(8192));
      expect(await device.read(512, 512)).toEqual(pattern(512, 512));
    }
    await device.detach();
    await backend.close();
    xen.assertClean();
  };
  return { xen, disk, backend, check };
}

describe.each([0, 1])("a request, with `feature-persistent` %i,", (persistent) => {
  const connect = (xen: MockXen) => HandFrontend.connect(xen.domain(1), { "feature-persistent": persistent });

  test("that makes no sense is answered with an error, and touches nothing", async () => {
    const { xen, disk, check } = await machine();
    const frontend = await connect(xen);
    const good = frontend.allocator.share(0, { writable: true });
    good.bytes.fill(0xaa);
    const readOnly = frontend.allocator.share(0);
    const [gref] = good.grefs as [number];
    const target = { sectors: disk.size / 512, gref, readOnlyGref: readOnly.grefs[0]! };
    for (const { what, bytes, status } of badRequests(target)) {
      expect([what, await frontend.ask(bytes)]).toEqual([what, status]);
    }
    expect(disk.bytes.every((byte) => byte === 0)).toBe(true);
    expect(disk.log.every((call) => call.startsWith("read"))).toBe(true);
    // It is served all the same.
    good.bytes.set(pattern(4096));
    expect(await frontend.ask(request(1, { segments: [{ gref, first: 0, last: 7 }] }))).toBe(0);
    expect(disk.bytes.subarray(0, 4096)).toEqual(pattern(4096));
    readOnly.release();
    await frontend.device.end();
    good.release();
    frontend.close();
    await check();
  });

  test("whose page is changed after it was sent is checked as it was taken", async () => {
    const { xen, disk, check } = await machine();
    const frontend = await connect(xen);
    const pages = frontend.allocator.share(0, { writable: true, pages: 2 });
    const [gref, list] = pages.grefs as [number, number];
    const goOn = disk.stop();
    putSegments(new DataView(pages.bytes.buffer, pages.bytes.byteOffset), 4096, [{ gref, first: 0, last: 7 }]);
    pages.bytes.set(pattern(4096));
    const asked = frontend.ask(request(6, { second: 1, count: 1, grefs: [list], sector: 8 }));
    await turns();
    frontend.share.bytes.fill(0xff, 64, 64 + SLOT_SIZE);
    pages.bytes.fill(0xff);
    goOn();
    expect(await asked).toBe(0);
    expect(disk.bytes.subarray(4096, 8192)).toEqual(pattern(4096));
    await frontend.device.end();
    pages.release();
    frontend.close();
    await check();
  });
});

test("a disk that is read-only, and features that are not offered, are not to be had", async () => {
  const { xen, disk, check } = await machine({ readOnly: true, flush: false, maxIndirect: 0 });
  const frontend = await HandFrontend.connect(xen.domain(1));
  const page = frontend.allocator.share(0, { writable: true });
  const segments = [{ gref: page.grefs[0]!, first: 0, last: 7 }];
  expect(await frontend.ask(request(1, { segments }))).toBe(-1);
  expect(await frontend.ask(request(3))).toBe(-2);
  expect(await frontend.ask(request(5, { second: 0, sectors: 1n }))).toBe(-2);
  expect(await frontend.ask(request(6, { second: 0, count: 1, grefs: page.grefs }))).toBe(-1);
  expect(await frontend.ask(request(0, { segments }))).toBe(0);
  expect(disk.log).toEqual(["read 0 4096"]);
  await frontend.device.end();
  page.release();
  frontend.close();
  await check();
});

describe("a frontend that", () => {
  test.each([
    ["claims more requests than slots", 33],
    ["claims very many", 2 ** 31 - 1],
    ["takes back requests", 0xffff_fff0],
  ])("%s is left, and told so", async (_, value) => {
    const { xen, backend, check } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    frontend.setWord(0, value);
    frontend.channel.notify();
    await frontend.device.waitForBackend(Closing);
    await frontend.end();
    expect(backend.failures).toMatchObject([{ code: "protocol" }]);
    const store = await XenStore.open(xen.domain(0));
    expect(await store.readText("/local/domain/0/error/backend/udisk/1/51728/error")).toMatch(/claims that there are/);
    store.close();
    await check();
  });

  const nodes: [what: string, changes: Record<string, string | number | undefined>, message: RegExp | string][] = [
    ["wants the layout of 32 bits", { protocol: "x86_32-abi" }, "the layout x86_32-abi is not one of"],
    ["names no layout", { protocol: undefined }, "the layout x86_32-abi is not one of"],
    ["names no ring", { "ring-ref": undefined }, "ring-ref: it must be a whole number, and is not there"],
    ["names a ring that is no number", { "ring-ref": "8 " }, "must be a whole number"],
    ["names a ring that is too large for a reference", { "ring-ref": 2 ** 40 }, "a number is out of bounds"],
    ["names a ring that was never granted", { "ring-ref": 60_000 }, /map/],
    ["names no port", { "event-channel": undefined }, "event-channel: it must be a whole number"],
    ["names a port that is too large", { "event-channel": 2 ** 40 }, "a number is out of bounds"],
    ["names a port that is not bound", { "event-channel": 999 }, /bind/],
    ["wants a ring of too many pages", { "ring-page-order": 5 }, "2^5 pages are more than 2^4"],
    ["wants a ring of very many pages", { "ring-page-order": 4_000_000_000 }, "pages are more than"],
    ["wants a ring of pages, and names one", { "ring-page-order": 0 }, "ring-ref0: it must be a whole number"],
    ["wants several queues", { "multi-queue-num-queues": 2 }, "it wants several queues"],
    ["says neither yes nor no", { "feature-persistent": "maybe" }, "must be a whole number"],
  ];
  test.each(nodes)("%s is refused, and the next one is served", async (_, changes, message) => {
    const { xen, backend, check } = await machine();
    const frontend = await HandFrontend.begin(xen.domain(1), changes);
    await expect(frontend.device.waitForBackend(Connected)).rejects.toMatchObject({ code: "closing" });
    expect((backend.failures[0] as Error).message).toMatch(message);
    await frontend.end();
    await check();
  });

  test("has a ring that makes no sense from the start is refused", async () => {
    const { xen, check } = await machine();
    const device = await FrontendDevice.open(xen.domain(1), "vbd", 51728);
    const grants = new GrantDevice(xen.domain(1));
    const share = grants.open().share(0, { writable: true });
    share.bytes.fill(0xff);
    share.bytes.fill(0, 8, 12);
    await device.start();
    await device.publish({ "ring-ref": share.grefs[0]!, "event-channel": 1, protocol: "x86_64-abi" });
    await expect(device.waitForBackend(Connected)).rejects.toMatchObject({ code: "closing" });
    await device.end();
    device.close();
    share.release();
    grants.close();
    await check();
  });

  test("sends events all the time starves nobody", async () => {
    const { xen, check } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    const page = frontend.allocator.share(0, { writable: true });
    const segments = [{ gref: page.grefs[0]!, first: 0, last: 7 }];
    let isStorming = true;
    const storm = (async () => {
      while (isStorming) {
        for (let count = 0; count < 100; count++) frontend.channel.notify();
        await turns(1);
      }
    })();
    for (let round = 0; round < 20; round++) expect(await frontend.ask(request(0, { segments }))).toBe(0);
    isStorming = false;
    await storm;
    await frontend.device.end();
    page.release();
    frontend.close();
    await check();
  });

  test("fills the ring again and again is served in bounds, and the event loop turns", async () => {
    const { xen, disk, check } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    disk.turns = () => 1;
    const page = frontend.allocator.share(0, { writable: true });
    const bytes = request(0, { segments: [{ gref: page.grefs[0]!, first: 0, last: 7 }] });
    const response = new Uint8Array(RESPONSE_SIZE);
    for (let answered = 0; answered < 2000;) {
      while (frontend.ring.free > 0) frontend.ring.put(bytes);
      frontend.ring.push();
      frontend.channel.notify();
      await turns(1);
      while (frontend.ring.take(response)) answered++;
    }
    expect(disk.most).toBeLessThanOrEqual(64);
    await turns(50);
    while (frontend.ring.take(response));
    await frontend.device.end();
    page.release();
    frontend.close();
    await check();
  });

  test("puts a request for each that is taken gets many a turn, and the event loop turns", async () => {
    const { xen, disk, check } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    const page = frontend.allocator.share(0, { writable: true });
    const bytes = request(0, { segments: [{ gref: page.grefs[0]!, first: 0, last: 7 }] });
    const response = new Uint8Array(RESPONSE_SIZE);
    let inTurn = 0, left = 3000;
    const put = () => {
      while (frontend.ring.take(response));
      if (left === 0) return;
      left--;
      frontend.ring.put(bytes);
      if (frontend.ring.push()) frontend.channel.notify();
    };
    // Within the call that carries a request out, so before the backend looks for the next one.
    disk.fail = () => {
      inTurn++;
      put();
    };
    put();
    const counts: number[] = [];
    while (left > 0 || frontend.ring.unanswered > 0) {
      await turns(1);
      counts.push(inTurn);
      inTurn = 0;
      while (frontend.ring.take(response));
    }
    expect(counts.reduce((sum, count) => sum + count)).toBe(3000);
    const most = Math.max(...counts);
    expect(most).toBeGreaterThanOrEqual(2 * frontend.ring.size);
    expect(most).toBeLessThanOrEqual(512);
    disk.fail = () => {};
    await frontend.device.end();
    page.release();
    frontend.close();
    await check();
  });

  test("ends without waiting for its answers, frees its memory first, and comes again", async () => {
    const { xen, disk, check } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    const page = frontend.allocator.share(0, { writable: true });
    const bytes = request(0, { segments: [{ gref: page.grefs[0]!, first: 0, last: 7 }] });
    const goOn = disk.stop();
    for (let count = 0; count < 5; count++) frontend.ring.put(bytes);
    frontend.ring.push();
    frontend.channel.notify();
    await turns();
    page.release();
    frontend.share.release();
    await frontend.device.publish({}, Closed);
    await turns();
    goOn();
    await frontend.device.waitForBackend(Closed);
    frontend.close();
    await check();
  });

  test("begins again without having ended is not served before it has", async () => {
    const { xen, backend, check } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    await frontend.device.publish({}, Closing);
    await frontend.device.waitForBackend(Closing);
    // At rest, so it has ended.
    await frontend.device.publish({}, XenbusState.Initialising);
    while (frontend.device.backendState !== InitWait) await turns(1);
    await frontend.device.publish({}, Closed);
    await turns();
    expect(backend.failures).toEqual([]);
    frontend.close();
    await check();
  });

  test("removes its state has ended for good, as for Linux", async () => {
    const { xen, backend } = await machine();
    const frontend = await HandFrontend.connect(xen.domain(1));
    const store = await XenStore.open(xen.domain(1));
    await store.write("device/vbd/51728/state", "x");
    await backend.closed;
    store.close();
    frontend.close();
    xen.assertClean();
  });

  test("jumps between states cannot stop the backend", async () => {
    const { xen, check } = await machine();
    const store = await XenStore.open(xen.domain(1));
    let seed = 5;
    for (let round = 0; round < 300; round++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      await store.write("device/vbd/51728/state", ["1", "2", "3", "4", "5", "6", "7", "8"][seed >>> 29]!);
      if (seed & 256) await turns(2);
    }
    store.close();
    await check();
  });
});
