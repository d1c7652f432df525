/** The end of a disk when something else goes wrong at the same time. */
import { describe, expect, test } from "vitest";
import process from "node:process";
import { Faults } from "../../../backends/faults.ts";
import { MockXen } from "../../../backends/mock.ts";
import { BlockBackend, createDisk, placeOfDisk } from "../../../examples/block/block_backend.ts";
import { type AttachOptions, BlockDevice } from "../../../examples/block/block_device.ts";
import { BackendDevice, removeDevice, XenbusState } from "../../../src/pv/mod.ts";
import { XenStore } from "../../../src/xenstore/mod.ts";
import { HandBackend } from "./hand_backend.ts";
import { pair, pattern, SlowDisk, turns } from "./support.ts";

const FRONT = "/local/domain/1/device/vbd/51728";

/** A disk whose backend answers by hand. */
async function byHand(attach: AttachOptions) {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb");
  const connecting = HandBackend.connect(xen.domain(0));
  const faults = new Faults();
  const device = await BlockDevice.attach(faults.wrap(xen.domain(1)), "xvdb", attach);
  return { xen, faults, device, backend: await connecting };
}

describe("an attach that is given up", () => {
  test.each([Infinity, 60_000])("fails at once, with a limit of %d ms", async (timeout) => {
    const xen = new MockXen();
    xen.domain(1);
    await createDisk(xen.domain(0), 1, "xvdb");
    const backend = await BackendDevice.open(xen.domain(0), "udisk", 1, 51728);
    const offering = backend.offer({});
    const stop = new AbortController();
    const attaching = BlockDevice.attach(xen.domain(1), "xvdb", { timeout, signal: stop.signal });
    const refused = expect(attaching).rejects.toBe("stopped");
    await offering;
    stop.abort("stopped");
    await refused;
    // It ends what it has begun meanwhile.
    await backend.waitForFrontend(XenbusState.Closing);
    await backend.end();
    await turns();
    backend.close();
    xen.assertClean();
  });
});

test("an attach that is late is not late twice: its end has the same limit", async () => {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb");
  const backend = await BackendDevice.open(xen.domain(0), "udisk", 1, 51728);
  const offering = backend.offer({});
  const before = performance.now();
  await expect(BlockDevice.attach(xen.domain(1), "xvdb", { timeout: 200 })).rejects.toMatchObject({
    code: "timed-out",
  });
  expect(performance.now() - before).toBeLessThan(4000);
  await offering;
  backend.close();
  xen.assertClean();
});

test("a ring is not one of several queues, as a driver before may have left it", async () => {
  const xen = new MockXen();
  xen.domain(1);
  await createDisk(xen.domain(0), 1, "xvdb");
  const store = await XenStore.open(xen.domain(1));
  await store.write("device/vbd/51728/multi-queue-num-queues", 2);
  store.close();
  const backend = await BlockBackend.serve(xen.domain(0), 1, "xvdb", new SlowDisk(4096));
  const device = await BlockDevice.attach(xen.domain(1), "xvdb");
  await device.detach();
  await backend.close();
  xen.assertClean();
});

describe("a detach that waits for calls", () => {
  test("has no limit if it is told so", async () => {
    const { device, disk, finish } = await pair();
    const goOn = disk.stop();
    const write = device.write(0, pattern(512));
    const detaching = device.detach({ timeout: Infinity });
    await new Promise((resolve) => setTimeout(resolve, 30));
    goOn();
    await write;
    await detaching;
    await finish();
  });

  test("notices that the device is gone", async () => {
    const { device, disk, backend, xen } = await pair({ attach: { timeout: 60_000 } });
    disk.stop();
    const write = expect(device.write(0, pattern(512))).rejects.toMatchObject({ code: "detached" });
    await turns();
    const detaching = device.detach();
    await turns();
    await removeDevice(xen.domain(0), placeOfDisk("xvdb", 1), { timeout: 0 });
    await write;
    await detaching;
    expect(await device.closed).toEqual({ reason: "detached" });
    disk.cutOff();
    await backend.closed;
    xen.assertClean();
  });

  test("notices that the backend breaks the protocol, and says so", async () => {
    const { xen, device, backend } = await byHand({ timeout: 60_000 });
    const write = expect(device.write(0, pattern(512))).rejects.toMatchObject({ code: "protocol" });
    const request = await backend.request();
    const detaching = device.detach();
    await turns();
    backend.answer(request, 5);
    backend.send();
    await write;
    await backend.follow();
    await detaching;
    expect(await device.closed).toMatchObject({ reason: "protocol" });
    const store = await XenStore.open(xen.domain(0));
    expect(await store.readText("/local/domain/1/error/device/vbd/51728/error")).toMatch(/status/);
    store.close();
    xen.assertClean();
  });
});

test("a backend that breaks the protocol is ended also if that cannot be reported", async () => {
  const { xen, faults, device, backend } = await byHand({});
  const write = expect(device.write(0, pattern(512))).rejects.toMatchObject({ code: "protocol" });
  const request = await backend.request();
  faults.reply({ to: "write", error: "EACCES" });
  backend.answer(request, 5);
  backend.send();
  await write;
  await backend.follow();
  expect(await device.closed).toMatchObject({ reason: "protocol", cause: { code: "protocol" } });
  const store = await XenStore.open(xen.domain(0));
  expect(await store.readText(`${FRONT}/state`)).toBe("6");
  store.close();
  xen.assertClean();
});

test("a backend that does not follow the end is told of", async () => {
  const { xen, device, backend } = await byHand({ timeout: 30 });
  await device.detach();
  expect(await device.closed).toMatchObject({ reason: "closed", cause: { name: "PvError", code: "timed-out" } });
  backend.release();
  backend.device.close();
  xen.assertClean();
});

test("a callback that throws does not end the disk, and the others are called", async () => {
  const { device, disk, backend, finish } = await pair();
  const reported: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => reported.push(error));
  const sizes: number[] = [];
  device.onResize(() => {
    throw new Error("of the program");
  });
  device.onResize((size) => sizes.push(size));
  disk.inner.resize(2 * 1024 * 1024);
  await backend.resized();
  await turns();
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);
  expect(reported).toMatchObject([{ message: "of the program" }]);
  expect(sizes).toEqual([2 * 1024 * 1024]);
  await device.write(0, pattern(512));
  await finish();
});
