/** How a disk ends: by its own side, by the backend, by the toolstack, and by kill -9. */
import { describe, expect, test } from "vitest";
import { BlockDevice } from "../../../examples/block/block_device.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { expectSame, pair, pattern, random, turns } from "./support.ts";

const FRONT = "/local/domain/1/device/vbd/51728";
const BACK = "/local/domain/0/backend/vbd/1/51728";

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
