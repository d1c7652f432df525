/** Changes of a side's nodes and state: those of several programs, and of several calls at once. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { BackendDevice, FrontendDevice, XenbusState } from "../../src/pv/mod.ts";
import { BACK, FRONT, ID, kernelBackend } from "./kernel_sides.ts";
import { connect, connectBoth, machine } from "./support.ts";

const { Closed, Closing, Connected, Initialised, Initialising, InitWait } = XenbusState;

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
