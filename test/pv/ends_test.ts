/** How a connection or a device ends while calls use it: by either side, by the toolstack, and by this program. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { BackendDevice, FrontendDevice, XenbusState } from "../../src/pv/mod.ts";
import { turns } from "../vchan/support.ts";
import { BACK, FRONT, ID, kernelBackend } from "./kernel_sides.ts";
import { connectBoth, machine } from "./support.ts";

const { Closed, Closing, Connected, Initialising } = XenbusState;

test("an offer of a device that is removed waits for the end of a frontend that is still connected", async () => {
  const { xen, write, state, finish } = await machine();
  await write(`${FRONT}/state`, Connected);
  await write(`${BACK}/state`, Connected);
  await write(`${BACK}/online`, 0);
  const device = await BackendDevice.open(xen.domain(0), "vbd", 1, ID);
  let isOver = false;
  const offering = device.offer({}).finally(() => isOver = true);
  const refused = expect(offering).rejects.toMatchObject({ code: "closing" });
  await turns();
  expect([await state(BACK), isOver]).toEqual([Closed, false]);
  await write(`${FRONT}/state`, Closed);
  await refused;
  device.close();
  finish();
});

test("a side that is closed has ended the connection for those who wait for another state", async () => {
  const { write, open, finish } = await machine();
  await write(`${BACK}/state`, Closed);
  const device = await open();
  await expect(device.waitForBackend(Connected)).rejects.toMatchObject({ code: "closing" });
  expect(await device.waitForBackend(Closing, { timeout: 0 }).catch(({ code }) => code)).toBe("timed-out");
  device.close();
  finish();
});

test("a device that is removed while nodes are written is gone, with either daemon", async () => {
  for (const daemon of ["xenstored", "oxenstored"] as const) {
    const { xen, store, finish } = await machine(daemon);
    const faults = new Faults();
    const device = await FrontendDevice.open(faults.wrap(xen.domain(1)), "vbd", ID);
    // The state is read, and the device removed before a node is changed, which the daemon then denies.
    faults.reply({ to: "read", delay: 30 });
    faults.reply({ to: "remove", error: "EACCES" });
    const nodes = { "multi-queue-num-queues": undefined, "ring-ref": 8 };
    const publishing = expect(device.publish(nodes)).rejects.toMatchObject({ name: "PvError", code: "gone" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await store.remove(FRONT);
    await publishing;
    device.close();
    finish();
  }
});

test.each(["publish", "fail", "start", "end", "offer", "isOnline"] as const)(
  "%s() that is under way when the device is closed here fails with `closed`",
  async (call) => {
    const { xen, backend, frontend, finish } = await connectBoth();
    const other = await BackendDevice.open(xen.domain(0), "vbd", 1, ID);
    const calls = {
      publish: () => frontend.publish({ x: 1 }, Connected),
      fail: () => frontend.fail("no"),
      start: () => frontend.start(),
      end: () => frontend.end(),
      offer: () => other.offer({}),
      isOnline: () => backend.isOnline(),
    };
    const called = expect(calls[call]()).rejects.toMatchObject({ name: "PvError", code: "closed" });
    for (const device of [frontend, backend, other]) device.close();
    await called;
    finish();
  },
);

describe("a side that gives up", () => {
  test("goes to `Closing` also if it cannot say why", async () => {
    const { xen, finish, state } = await machine();
    const faults = new Faults();
    const device = await FrontendDevice.open(faults.wrap(xen.domain(1)), "vbd", ID);
    faults.reply({ to: "write", error: "EACCES" });
    await expect(device.fail("no")).rejects.toMatchObject({ name: "StoreError", code: "denied" });
    expect(await state(FRONT)).toBe(Closing);
    device.close();
    finish();
  });

  test("says as much of it as a node has room for", async () => {
    const { store, open, finish } = await machine();
    const device = await open();
    await device.fail("ä".repeat(4000));
    expect(await store.readText(`/local/domain/1/error/device/vbd/${ID}/error`)).toBe("ä".repeat(512));
    device.close();
    finish();
  });
});

describe("the end", () => {
  test("is played for what was published without a start, and leaves no folder", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const before = (await store.list(FRONT)).toSorted();
    const device = await open();
    await device.publish({ "queue-0/ring-ref": 8, "queue-0/event-channel": 1 });
    await device.waitForBackend(Connected);
    await device.end();
    expect((await store.list(FRONT)).toSorted()).toEqual(before);
    device.close();
    backend.close();
    finish();
  });

  test("of a backend is finished, however long the release takes, once that has begun", async () => {
    const { backend, frontend, finish } = await connectBoth();
    const ending = frontend.end();
    let count = 0;
    const release = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      count++;
    };
    await backend.waitForFrontend(Closing);
    await backend.publish({}, Closing);
    await backend.waitForFrontend(Closed);
    await backend.end(release, { timeout: 50 });
    expect([count, backend.state]).toEqual([1, Closed]);
    await ending;
    finish();
  });
});

test("a device whose own folder is removed is gone for those who follow the other side", async () => {
  const { store, open, finish } = await machine();
  const device = await open();
  const states = device.backendStates();
  expect(await states.next()).toMatchObject({ value: Initialising });
  const next = states.next();
  await turns();
  await store.remove(FRONT);
  expect(await next).toEqual({ value: XenbusState.Unknown, done: false });
  expect(await states.next()).toEqual({ value: undefined, done: true });
  device.close();
  finish();
});

test("a state that is no text is none, and what comes after it counts again", async () => {
  const { store, open, finish } = await machine();
  const device = await open();
  await device.waitForBackend(Initialising);
  await store.write(`${BACK}/state`, Uint8Array.of(0xff));
  await expect(device.waitForBackend(Connected)).rejects.toMatchObject({ code: "gone" });
  await store.write(`${BACK}/state`, "1");
  await turns();
  expect(await device.waitForBackend(Initialising, { timeout: 60_000 })).toBe(Initialising);
  device.close();
  finish();
});
