/** Changes of a side's nodes and state: those of several programs, of several calls at once, and beside the end. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { BackendDevice, FrontendDevice, XenbusState } from "../../src/pv/mod.ts";
import { turns } from "../vchan/support.ts";
import { BACK, FRONT, ID, kernelBackend } from "./kernel_sides.ts";
import { connect, machine } from "./support.ts";

const { Closed, Closing, Connected, Initialised, Initialising, InitWait } = XenbusState;

/** Connects both sides of this library. */
async function connectBoth() {
  const made = await machine();
  const backend = await BackendDevice.open(made.xen.domain(0), "vbd", 1, ID);
  const frontend = await made.open();
  const offering = backend.offer({});
  await frontend.start();
  await frontend.publish({ "ring-ref": 8, "event-channel": 1 });
  await offering;
  await backend.publish({}, Connected);
  await frontend.waitForBackend(Connected);
  await frontend.publish({}, Connected);
  const finish = () => {
    backend.close();
    frontend.close();
    made.finish();
  };
  return { ...made, backend, frontend, finish };
}

describe("a program whose device another one has taken", () => {
  test("neither changes nor ends its connection, also if both have left the same state", async () => {
    const { xen, store, open, finish, state } = await machine();
    const backend = await kernelBackend(xen);
    const first = await open();
    await connect(first);
    const second = await open();
    await second.start();
    await second.publish({ "ring-ref": 9, "event-channel": 2 });
    await second.waitForBackend(Connected);
    await second.publish({}, Connected);
    await expect(first.publish({ "ring-ref": 77 }, Connected)).rejects.toMatchObject({
      code: "taken",
      message: `Cannot publish vbd/${ID}: ${FRONT}/ring-ref is not as this program has left it. Another program ` +
        "drives it now: stop one of them.",
    });
    await expect(first.fail("no")).rejects.toMatchObject({ code: "taken" });
    await expect(first.end()).rejects.toMatchObject({ code: "taken" });
    expect([await state(FRONT), await state(BACK), await store.readText(`${FRONT}/ring-ref`)]).toEqual([4, 4, "9"]);
    await second.end();
    first.close();
    second.close();
    backend.close();
    finish();
  });

  test("of the backend's side likewise", async () => {
    const { xen, backend, frontend, state, finish } = await connectBoth();
    const second = await BackendDevice.open(xen.domain(0), "vbd", 1, ID);
    const offering = second.offer({}, { timeout: 60_000 });
    await frontend.waitForBackend(Closed);
    await expect(backend.publish({ sectors: 1 }, Connected)).rejects.toMatchObject({ code: "taken" });
    await expect(backend.end()).rejects.toMatchObject({ code: "taken" });
    expect(await state(BACK)).toBe(Closed);
    await frontend.end();
    await frontend.start();
    expect(await state(BACK)).toBe(InitWait);
    await frontend.publish({});
    await offering;
    second.close();
    finish();
  });
});

describe("calls at once", () => {
  test("are carried out one after the other, and none accuses another program", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    await Promise.all([device.publish({ a: 1 }, Connected), device.publish({ b: 2 }, Connected)]);
    expect([await store.readText(`${FRONT}/a`), await store.readText(`${FRONT}/b`)]).toEqual(["1", "2"]);
    await Promise.all([device.publish({ a: 3 }, Connected), device.fail("no"), device.end(), device.end()]);
    expect([device.state, device.backendState]).toEqual([Closed, Closed]);
    device.close();
    backend.close();
    finish();
  });

  test("do not bring back what has begun to end", async () => {
    const { backend, frontend, state, finish } = await connectBoth();
    const ending = Promise.all([frontend.end(), backend.end()]);
    const late = { code: "closing", message: expect.stringContaining("has begun to end the connection") };
    await Promise.all([
      expect(frontend.publish({ a: 1 }, Connected)).rejects.toMatchObject(late),
      expect(backend.publish({ sectors: 1 }, Connected)).rejects.toMatchObject(late),
    ]);
    await ending;
    expect([await state(FRONT), await state(BACK)]).toEqual([Closed, Closed]);
    finish();
  });

  test("that are given up do not let those behind them overtake those before them", async () => {
    const { xen, write, finish } = await machine();
    const faults = new Faults();
    const device = await FrontendDevice.open(faults.wrap(xen.domain(1)), "vbd", ID);
    await write(`${BACK}/state`, InitWait);
    await device.start();
    faults.reply({ to: "end a transaction", delay: 30 });
    const stop = new AbortController();
    const first = device.publish({ a: 1 });
    const second = expect(device.publish({ a: 2 }, Initialised, { signal: stop.signal })).rejects.toBe("stopped");
    const third = device.publish({ a: 3 });
    stop.abort("stopped");
    await second;
    expect(device.state).toBe(Initialising);
    await Promise.all([first, third]);
    expect(await device.nodes.text("a")).toBe("3");
    device.close();
    finish();
  });
});

test("a backend does not write over the toolstack's `Closing`", async () => {
  const { backend, frontend, store, state, finish } = await connectBoth();
  await store.write(`${BACK}/online`, 0);
  await store.write(`${BACK}/state`, Closing);
  await expect(backend.publish({ sectors: 1 }, Connected)).rejects.toMatchObject({
    code: "closing",
    message: `Cannot publish vbd/${ID} of domain 1: the toolstack removes it, as ${BACK}/state says. End the ` +
      "connection.",
  });
  expect(await state(BACK)).toBe(Closing);
  await Promise.all([frontend.end(), backend.end()]);
  expect(await state(BACK)).toBe(Closed);
  finish();
});

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
