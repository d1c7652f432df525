/** What a backend holds to, whoever was there before it: the program before, the toolstack, the medium, a frontend. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { BlockBackend, BytesDisk, createDisk, placeOfDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import { diskNumber } from "../../../examples/block/names.ts";
import { PageAccess } from "../../../examples/block/page_access.ts";
import { serveDisk } from "../../../examples/block/serve_disk.ts";
import type { GrantMapper } from "../../../mod.ts";
import { BackendDevice, FrontendDevice, removeDevice, XenbusState } from "../../../src/pv/mod.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { HandFrontend, request } from "./hand_frontend.ts";
import { expectSame, pair, pattern, SlowDisk, turns } from "./support.ts";

const BACK = "/local/domain/0/backend/udisk/1/51728";

async function machine({ readOnly = false } = {}) {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb", { readOnly });
  return xen;
}

/** Waits for a promise to be settled, but not for long. */
async function soon<Value>(promise: Promise<Value>): Promise<Value | "late"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), 5000));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

test("a backend does not offer what the one before it could do", async () => {
  const xen = await machine();
  const disk = new BytesDisk(new Uint8Array(1024 * 1024));
  const before = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk);
  await (await BlockDevice.attach(xen.domain(1), "xvdb")).detach();
  await before.close();
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk, { maxIndirect: 0, discard: false });
  const device = await BlockDevice.attach(xen.domain(1), "xvdb");
  expect(device.maxBytes).toBe(45056);
  await device.write(0, pattern(100 * 1024));
  expectSame(await device.read(0, 100 * 1024), pattern(100 * 1024));
  const store = await XenStore.open(xen.domain(0));
  await expect(store.read(`${BACK}/discard-granularity`)).rejects.toMatchObject({ code: "not-found" });
  store.close();
  await device.detach();
  await backend.close();
  xen.assertClean();
});

test("a device that is read-only is not written, whatever the frontend asks for and the disk allows", async () => {
  const xen = await machine({ readOnly: true });
  const disk = new SlowDisk(1024 * 1024);
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk);
  const frontend = await HandFrontend.connect(xen.domain(1));
  expect(await frontend.device.backend.number("info")).toBe(4);
  const page = frontend.allocator.share(0, { writable: true });
  page.bytes.fill(1);
  const segments = [{ gref: page.grefs[0]!, first: 0, last: 7 }];
  expect(await frontend.ask(request(1, { segments }))).toBe(-1);
  expect(await frontend.ask(request(5, { second: 0, sectors: 1n }))).toBe(-2);
  expect(await frontend.ask(request(0, { segments }))).toBe(0);
  expect(await frontend.ask(request(3))).toBe(0);
  expect(disk.log).toEqual(["read 0 4096", "flush"]);
  await frontend.device.end();
  page.release();
  frontend.close();
  await backend.close();
  xen.assertClean();
});

test("a change of the size does not bring back a backend that ends", async () => {
  for (let count = 0; count < 24; count++) {
    const { device, backend, xen } = await pair();
    const closing = backend.close();
    for (let step = 0; step < count; step++) await Promise.resolve();
    const resized = backend.resized().then(() => "done", ({ code }) => code);
    expect(await soon(closing)).toBe(undefined);
    expect(await soon(device.closed)).toMatchObject({ reason: "detached" });
    expect(await resized).toMatch(/^(done|closing|closed)$/);
    xen.assertClean();
  }
});

test("a state that is no text ends a backend, as any other that is none", async () => {
  const xen = await machine();
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", new SlowDisk(4096));
  const store = await XenStore.open(xen.domain(1));
  await store.write("device/vbd/51728/state", Uint8Array.of(0xff));
  expect(await soon(backend.closed)).toBe(undefined);
  store.close();
  xen.assertClean();
});

test("a medium that hangs does not keep a backend from its end", async () => {
  const { device, disk, backend, xen } = await pair({ attach: { timeout: 50 }, backend: { timeout: 50 } });
  disk.stop();
  const write = expect(device.write(0, pattern(512))).rejects.toMatchObject({ code: "detached" });
  await turns();
  expect(await soon(backend.close())).toBe(undefined);
  await write;
  await device.closed;
  disk.cutOff();
  await turns();
  xen.assertClean();
});

test("what a slow disk still writes for one frontend does not undo what the next one writes", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  class SlowOnce extends BytesDisk {
    #isFirst = true;

    override async write(offset: number, bytes: Uint8Array): Promise<void> {
      if (this.#isFirst) {
        this.#isFirst = false;
        await promise;
      }
      await super.write(offset, bytes);
    }
  }
  const xen = await machine();
  const disk = new SlowOnce(new Uint8Array(4096));
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk, { timeout: 20 });
  const first = await BlockDevice.attach(xen.domain(1), "xvdb");
  const write = expect(first.write(0, pattern(512))).rejects.toMatchObject({ code: "closed" });
  await first.detach({ timeout: 20 });
  await write;
  // The next one waits for what is under way, even if that takes longer than the end of a connection may.
  await expect(BlockDevice.attach(xen.domain(1), "xvdb", { timeout: 100 })).rejects.toMatchObject({
    code: "timed-out",
  });
  resolve();
  const second = await BlockDevice.attach(xen.domain(1), "xvdb");
  await second.write(0, pattern(512, 7));
  expectSame(disk.bytes.subarray(0, 512), pattern(512, 7));
  await second.detach();
  await backend.close();
  xen.assertClean();
});

test("a frontend that is refused again and again neither fills the memory nor keeps the program busy", async () => {
  const xen = await machine();
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", new SlowDisk(4096));
  const before = performance.now();
  for (let round = 0; round < 6; round++) {
    const frontend = await HandFrontend.begin(xen.domain(1), { protocol: `\u001b[2J\n${round}` });
    await frontend.device.waitForBackend([XenbusState.Closing, XenbusState.Closed]);
    await frontend.end();
  }
  // 1, 3, 7, 15 and 31 ms.
  expect(performance.now() - before).toBeGreaterThan(50);
  // What the frontend has written goes to a terminal.
  expect((backend.failures[0] as Error).message).toMatch(/^Cannot serve the disk: the layout \?\?2J\?0 is not one of/);
  for (let count = 0; count < 100; count++) backend.failures.push(count);
  const frontend = await HandFrontend.begin(xen.domain(1), { protocol: "x" });
  await frontend.device.waitForBackend([XenbusState.Closing, XenbusState.Closed]);
  await frontend.end();
  expect(backend.failures.length).toBeLessThanOrEqual(16);
  await backend.close();
  xen.assertClean();
});

test("no more than 1056 pages of a frontend stay mapped", () => {
  const copied: number[] = [];
  const mapper = {
    map: (_: number, [gref]: [number]) => ({ readInto: () => gref, unmap: () => {} }),
    copy: (segments: readonly { from: { gref: number } }[]) => {
      copied.push(...segments.map(({ from }) => from.gref));
      return segments.map(() => "okay");
    },
  };
  const pages = new PageAccess(mapper as unknown as GrantMapper, 1, true);
  for (let gref = 0; gref < 1060; gref++) {
    expect(pages.read([{ gref, first: 0, last: 0 }], new Uint8Array(512))).toBe(true);
  }
  expect([pages.mapped, copied]).toEqual([1056, [1056, 1057, 1058, 1059]]);
});

test("the number of a disk has room for 255 partitions", () => {
  expect(diskNumber("xvda255")).toBe(2 ** 28 + 255);
  expect(() => diskNumber("xvda256")).toThrow(
    new RangeError("Cannot name a disk as its partition must be at most 255: current value is 256"),
  );
});

describe("serveDisk()", () => {
  test("goes on with the device of a program that was killed, and removes it in the end", async () => {
    const xen = await machine();
    const program = xen.domain(0).process();
    await BlockBackend.serve(program, 1, "xvdb", new SlowDisk(4096));
    program.kill();
    const stop = Promise.withResolvers<void>();
    const served = Promise.withResolvers<void>();
    const serving = serveDisk(xen.domain(0), 1, "xvdb", new SlowDisk(4096), stop.promise, served.resolve);
    await Promise.race([served.promise, serving]);
    const device = await BlockDevice.attach(xen.domain(1), "xvdb");
    expect(device.size).toBe(4096);
    stop.resolve();
    await serving;
    expect(await device.closed).toMatchObject({ reason: "detached" });
    await expect(FrontendDevice.open(xen.domain(1), "vbd", 51728)).rejects.toMatchObject({ code: "no-device" });
    xen.assertClean();
  });

  test("removes the device also if it fails, but not one that another program serves now", async () => {
    const xen = new MockXen();
    xen.domain(1);
    const stop = Promise.withResolvers<void>();
    const fail = () => stop.reject(new Error("no"));
    await expect(serveDisk(xen.domain(0), 1, "xvdb", new SlowDisk(4096), stop.promise, fail)).rejects.toThrow("no");
    await expect(FrontendDevice.open(xen.domain(1), "vbd", 51728)).rejects.toMatchObject({ code: "no-device" });

    const served = Promise.withResolvers<void>();
    const never = new Promise<void>(() => {});
    const serving = serveDisk(xen.domain(0), 1, "xvdb", new SlowDisk(4096), never, served.resolve);
    await served.promise;
    const device = await BlockDevice.attach(xen.domain(1), "xvdb");
    const other = await BackendDevice.open(xen.domain(0), "udisk", 1, 51728);
    const offering = other.offer({}).catch(() => {});
    await expect(serving).rejects.toMatchObject({ code: "taken" });
    await device.closed;
    (await FrontendDevice.open(xen.domain(1), "vbd", 51728)).close();
    await removeDevice(xen.domain(0), placeOfDisk("xvdb", 1), { timeout: 0 });
    await offering;
    other.close();
    xen.assertClean();
  });
});
