/** How a disk ends: by its own side, by the backend, by the toolstack, and by kill -9. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../../backends/mock.ts";
import { BlockBackend, createDisk, placeOfDisk } from "../../../examples/block/block_backend.ts";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import { removeDevice } from "../../../src/pv/mod.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { expectSame, pair, pattern, random, SlowDisk, turns } from "./support.ts";

const FRONT = "/local/domain/1/device/vbd/51728";
const BACK = "/local/domain/0/backend/udisk/1/51728";

describe("the end", () => {
  test("waits for what is under way, and then refuses calls", async () => {
    const { device, disk, finish } = await pair();
    const goOn = disk.stop();
    const calls = [device.write(0, pattern(512)), device.write(0, pattern(512, 5)), device.flush()];
    const detaching = device.detach();
    await expect(device.read(0, 512)).rejects.toMatchObject({
      code: "closed",
      message: "Cannot read: the disk was detached here. Attach it again.",
    });
    await turns();
    goOn();
    await Promise.all(calls);
    await detaching;
    expectSame(disk.bytes.subarray(0, 512), pattern(512, 5));
    expect(await device.closed).toEqual({ reason: "closed" });
    await device.detach();
    await finish();
  });

  test("does not wait for ever: what is not answered fails", async () => {
    const { device, disk, backend, xen } = await pair();
    const goOn = disk.stop();
    const calls = [device.write(0, pattern(512)), device.write(0, pattern(512, 5))].map((call) =>
      expect(call).rejects.toMatchObject({ code: "closed" })
    );
    const detaching = device.detach({ timeout: 10 });
    await Promise.all(calls);
    await turns();
    goOn();
    await detaching;
    await backend.close();
    xen.assertClean();
  });

  test("of the backend ends the disk: what it has is answered, the rest fails", async () => {
    const { device, disk, backend, xen } = await pair({ attach: { pages: 4 } });
    const goOn = disk.stop();
    const first = device.write(0, pattern(16384));
    const waiting = expect(device.read(65536, 512)).rejects.toMatchObject({
      code: "detached",
      message: "the backend has ended the connection.",
    });
    await turns();
    const closing = backend.close();
    await waiting;
    goOn();
    await first;
    await closing;
    expect(await device.closed).toEqual({ reason: "detached" });
    await expect(device.read(0, 512)).rejects.toMatchObject({
      code: "detached",
      message: "Cannot read: the backend has ended the connection.",
    });
    xen.assertClean();
  });

  test("of the device, by force, ends the disk", async () => {
    const { device, disk, backend, xen } = await pair();
    disk.stop();
    const store = await XenStore.open(xen.domain(0));
    const read = expect(device.read(0, 512)).rejects.toMatchObject({ code: "detached" });
    await turns();
    await store.transaction(async (transaction) => {
      await transaction.remove(FRONT);
      await transaction.remove(BACK);
    });
    await read;
    expect(await device.closed).toEqual({ reason: "detached" });
    disk.cutOff();
    await backend.closed;
    store.close();
    xen.assertClean();
  });

  test.each([true, false])("of the frontend's domain, with pages that stay granted (%s) or not", async (persistent) => {
    const { device, disk, backend, xen } = await pair({ attach: { persistent } });
    const known = pattern(4096);
    await device.write(0, known);
    const goOn = disk.stop();
    // Nobody hears of them any more.
    for (const call of [device.write(4096, pattern(4096)), device.read(0, 4096), device.flush()]) call.catch(() => {});
    await turns();
    xen.domain(1).destroy();
    await turns();
    goOn();
    await backend.closed;
    expect(backend.failures).toEqual([]);
    expect(backend.mapped).toBe(0);
    expectSame(disk.bytes.subarray(0, 4096), known);
    // The toolstack need not wait for anybody.
    expect(await removeDevice(xen.domain(0), placeOfDisk("xvdb", 1))).toBe(true);
    xen.assertClean();
  });

  test("of a program comes with `await using`", async () => {
    const { device, backend, xen } = await pair();
    {
      await using disk = device;
      await disk.write(0, pattern(512));
    }
    expect((await device.closed).reason).toBe("closed");
    await backend.close();
    xen.assertClean();
  });
});

test("a backend that takes the place of one that was killed ends the disk at once, and serves it again", async () => {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb");
  const program = xen.domain(0).process();
  const disk = new SlowDisk(1024 * 1024);
  disk.stop();
  await BlockBackend.serve(program, 1, "xvdb", disk);
  const device = await BlockDevice.attach(xen.domain(1), "xvdb", { timeout: 600_000 });
  const write = expect(device.write(0, pattern(512))).rejects.toMatchObject({ code: "detached" });
  await turns();
  program.kill();
  disk.cutOff();
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", disk.inner);
  await write;
  expect(await device.closed).toEqual({ reason: "detached" });
  const again = await BlockDevice.attach(xen.domain(1), "xvdb");
  await again.write(0, pattern(512));
  await again.detach();
  await backend.close();
  xen.assertClean();
}, 20_000);

test("a ring is not mistaken for that of the program before, whether it has ended or was killed", async () => {
  const { xen, backend, device } = await pair({ attach: { ringOrder: 2 } });
  await device.detach();
  for (const [ringOrder, isKilled] of [[0, false], [2, true], [0, true], [1, false], [0, false]] as const) {
    const program = xen.domain(1).process();
    const next = await BlockDevice.attach(program, "xvdb", { ringOrder });
    await next.write(0, pattern(512, ringOrder));
    expectSame(await next.read(0, 512), pattern(512, ringOrder));
    if (isKilled) program.kill();
    else await next.detach();
  }
  expect(backend.failures).toEqual([]);
  await backend.close();
  xen.assertClean();
});

describe("programs that are killed in the middle of a write", () => {
  test("the frontend, twenty times: the next one attaches and reads what was written", async () => {
    const { xen, device, disk, backend } = await pair();
    await device.detach();
    const next = random(11);
    disk.turns = () => Math.floor(next() * 5);
    for (let round = 0; round < 20; round++) {
      const program = xen.domain(1).process();
      const killed = await BlockDevice.attach(program, "xvdb");
      await killed.write(0, pattern(4096, round));
      for (let index = 0; index < 40; index++) killed.write(8192 + index * 4096, pattern(4096, round)).catch(() => {});
      await turns(Math.floor(next() * 8));
      program.kill();
      const other = await BlockDevice.attach(xen.domain(1), "xvdb");
      expect(disk.active).toBe(0);
      expectSame(await other.read(0, 4096), pattern(4096, round));
      await other.write(8192, pattern(4096, round + 100));
      expectSame(await other.read(8192, 4096), pattern(4096, round + 100));
      await other.detach();
    }
    await backend.close();
    xen.assertClean();
  });
});
