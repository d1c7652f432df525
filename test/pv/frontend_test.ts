/** A frontend beside a backend that plays the dance as Linux's xen-blkback does. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { FrontendDevice, removeDevice, XenbusState } from "../../src/pv/mod.ts";
import { turns } from "../vchan/support.ts";
import { BACK, FRONT, ID, kernelBackend, PLACE } from "./kernel_sides.ts";
import { connect, machine } from "./support.ts";

const { Connected, Closing, Closed, InitWait, Initialising, Unknown } = XenbusState;

describe.each(["xenstored", "oxenstored"] as const)("with %s", (daemon) => {
  test("a connection begins and ends, and begins again", async () => {
    const { xen, open, finish } = await machine(daemon);
    const backend = await kernelBackend(xen);
    const device = await open();
    expect([device.kind, device.id, device.domid, device.nodes.path, device.backend.path]).toEqual([
      "vbd",
      ID,
      0,
      FRONT,
      BACK,
    ]);
    for (let round = 0; round < 2; round++) {
      await connect(device);
      expect(await device.backend.number("sectors")).toBe(2048);
      expect([device.state, device.backendState]).toEqual([Connected, Connected]);
      await device.end();
      expect([device.state, device.backendState]).toEqual([Closed, Closed]);
      await device.end();
    }
    device.close();
    // Each step was seen: none has been merged with the next one.
    expect(backend.log).toEqual(
      ["F1", "B2", "F3", "B4", "F4", "F5", "B5", "F6", "B6", "F1", "B2", "F3", "B4", "F4", "F5", "B5", "F6", "B6"],
    );
    backend.close();
    finish();
  });
});

test("`end()` does nothing if no connection was begun here, or another program has begun one since", async () => {
  const { xen, open, state, finish } = await machine();
  const backend = await kernelBackend(xen);
  const first = await open();
  await first.end();
  expect(await state(FRONT)).toBe(Initialising);
  await connect(first);
  await first.end();
  const second = await open();
  await connect(second);
  await first.end();
  await first[Symbol.asyncDispose]();
  expect([await state(FRONT), first.closed]).toEqual([Connected, true]);
  await second[Symbol.asyncDispose]();
  expect([await state(FRONT), await state(BACK), second.closed]).toEqual([Closed, Closed, true]);
  backend.close();
  finish();
});

test("the nodes of a connection are gone after it, and those that others have left are removed on request", async () => {
  const { xen, store, open, write, finish } = await machine();
  const backend = await kernelBackend(xen);
  const before = (await store.list(FRONT)).toSorted();
  const device = await open();
  await write(`${FRONT}/ring-page-order`, 2);
  await write(`${FRONT}/queue-0/ring-ref`, 8);
  await device.start();
  const gone = { "ring-page-order": undefined, "queue-0": undefined, "not/there": undefined };
  await device.publish({ "ring-ref": 8, "event-channel": 1, ...gone });
  await device.waitForBackend(Connected);
  expect((await store.list(FRONT)).toSorted()).toEqual([...before, "event-channel", "ring-ref"].toSorted());
  await device.end();
  expect((await store.list(FRONT)).toSorted()).toEqual(before);
  device.close();
  backend.close();
  finish();
});

describe("a program that comes after one that was killed", () => {
  test.each(["start", "publish", "wait", "connected", "ending"] as const)(
    "at %s ends its connection first",
    async (at) => {
      const { xen, open, finish } = await machine();
      const backend = await kernelBackend(xen);
      const program = xen.domain(1).process();
      const killed = await FrontendDevice.open(program, "vbd", ID);
      await killed.start();
      if (at !== "start") await killed.publish({ "ring-ref": 8, "event-channel": 1 });
      if (at !== "start" && at !== "publish") await killed.waitForBackend(Connected);
      if (at === "connected" || at === "ending") await killed.publish({}, Connected);
      if (at === "ending") await killed.publish({}, Closing);
      program.kill();
      const device = await open();
      await connect(device);
      expect(backend.state).toBe("4");
      const log = backend.log.join(" ");
      if (at !== "start") expect(log).toMatch(/F5 B5 F6 B6 F1 B2 F3 B4/);
      expect(log).not.toMatch(/F6 F1/);
      await device.end();
      device.close();
      killed.close();
      backend.close();
      finish();
    },
  );

  test("twenty times", async () => {
    const { xen, finish } = await machine();
    const backend = await kernelBackend(xen);
    for (let round = 0; round < 20; round++) {
      const program = xen.domain(1).process();
      const device = await FrontendDevice.open(program, "vbd", ID);
      await connect(device);
      program.kill();
      device.close();
    }
    expect(backend.log.filter((step) => step === "B6").length).toBe(19);
    backend.close();
    finish();
  });
});

describe("the backend", () => {
  test("that refuses the connection fails those who wait with `closing`", async () => {
    const { xen, open, write, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await device.start();
    backend.state = "5";
    const waiting = device.waitForBackend(Connected);
    await write(`${BACK}/state`, 5);
    await expect(waiting).rejects.toMatchObject({
      code: "closing",
      message: `Cannot wait for vbd/${ID}: the backend in domain 0 is at Closing (5), so it ends the connection, or ` +
        `refuses it. See whether it runs, and what domain 0 says in /local/domain/0/error/backend/vbd/1/${ID}/error.`,
    });
    expect(await device.waitForBackend([Closing, Closed])).toBe(Closing);
    await device.end();
    device.close();
    backend.close();
    finish();
  });

  test("that writes its state again is noticed, and so is its end", async () => {
    const { xen, open, write, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const state of device.backendStates()) {
        seen.push(`${state}/${await device.backend.text("sectors")}`);
        if (state === Closing) break;
      }
    })();
    await turns();
    await backend.go("4", { sectors: "4096" });
    await turns();
    await write(`${BACK}/state`, 5);
    await watching;
    expect(seen).toEqual(["4/2048", "4/4096", "5/4096"]);
    device.close();
    backend.close();
    finish();
  });

  test.each(
    [
      ["at the start", Initialising, InitWait],
      ["to a published ring", InitWait, Connected],
      ["at the end", Connected, Closing],
      ["after the end", Closing, Closed],
    ] as const,
  )("that does nothing %s is waited for, but not for ever", async (_, stays, wanted) => {
    const { open, write, finish } = await machine();
    await write(`${BACK}/state`, stays >= InitWait ? InitWait : stays);
    const device = await open();
    // Only the step that is late has little time: a busy machine may take longer for the others.
    const run = async (little: (goal: XenbusState) => boolean) => {
      const limit = (goal: XenbusState) => ({ timeout: little(goal) ? 150 : 60_000 });
      await device.start(limit(InitWait));
      await device.publish({});
      if (stays >= Connected) await write(`${BACK}/state`, Connected);
      await device.waitForBackend(Connected, limit(Connected));
      await device.publish({}, Connected);
      if (stays === Closing) await write(`${BACK}/state`, Closing);
      await device.end(limit(Closing));
    };
    const late = (goal: XenbusState) => goal === wanted || (wanted === Closed && goal === Closing);
    const name = (state: XenbusState) => `${Object.keys(XenbusState)[state]} \\(${state}\\)`;
    await expect(run(late)).rejects.toMatchObject({
      code: "timed-out",
      message: expect.stringMatching(
        `^Cannot .* vbd/${ID} within 150 ms: the backend in domain 0 is at ${name(stays)} instead of ${
          name(wanted)
        }\\. See`,
      ),
    });
    await expect(run(() => true)).rejects.toMatchObject({ code: "timed-out" });
    device.close();
    finish();
  });

  test("whose nodes are no numbers breaks the protocol", async () => {
    const { open, store, write, finish } = await machine();
    const device = await open();
    for (const value of ["", "x", "-1", "1.5", " 1", "99999999999999999999", "9007199254740993"]) {
      await write(`${BACK}/sectors`, value);
      await expect(device.backend.number("sectors", 5)).rejects.toMatchObject({
        code: "protocol",
        message: expect.stringContaining(`Cannot read ${BACK}/sectors: it must be a whole number, and is "`),
      });
    }
    await write(`${BACK}/sectors`, "0");
    expect(await device.backend.number("sectors", 5)).toBe(0);
    expect(await device.backend.number("nothing", 5)).toBe(5);
    expect(await device.backend.text("nothing")).toBe(undefined);
    await expect(device.backend.number("nothing")).rejects.toMatchObject({
      message: expect.stringContaining("must be a whole number, and is not there"),
    });
    await write(`${BACK}/state`, "garbage");
    await expect(device.start()).rejects.toMatchObject({ code: "gone" });
    await store.remove(BACK);
    expect(await device.backend.number("sectors", 5)).toBe(5);
    await expect(device.backend.number("sectors")).rejects.toMatchObject({
      code: "gone",
      message:
        `Cannot read ${BACK}: the folder is not there any more. The toolstack has removed the device, or a domain ` +
        "has ended.",
    });
    device.close();
    finish();
  });
});

describe("a device that is removed", () => {
  test("is never brought back by a state", async () => {
    const { store, open, finish } = await machine();
    const device = await open();
    await store.remove(FRONT);
    await expect(device.publish({ "ring-ref": 8 })).rejects.toMatchObject({ code: "gone" });
    await expect(store.list(FRONT)).rejects.toMatchObject({ code: "not-found" });
    device.close();
    finish();
  });

  test("is noticed by its own folder, too", async () => {
    const { store, open, finish } = await machine();
    const device = await open();
    const waiting = expect(device.waitForBackend(Connected)).rejects.toMatchObject({ code: "gone" });
    await turns();
    await store.remove(FRONT);
    await waiting;
    await expect(device.start()).rejects.toMatchObject({ code: "gone" });
    device.close();
    finish();
  });

  test("ends the waiting with `gone`, and has ended", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    backend.close();
    const waiting = device.waitForBackend(Closing);
    const unknown = device.waitForBackend([Closing, Unknown]);
    const isGone = expect(waiting).rejects.toMatchObject({
      code: "gone",
      message:
        `Cannot wait for vbd/${ID}: the device or the backend in domain 0 is not there any more. The toolstack has ` +
        "removed it, or a domain has ended.",
    });
    await store.remove(BACK);
    await store.remove(FRONT);
    await isGone;
    expect(await unknown).toBe(Unknown);
    await device.end();
    await expect(device.start()).rejects.toMatchObject({ code: "gone" });
    device.close();
    finish();
  });

  test("by the toolstack, when both sides follow", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    const removing = removeDevice(xen.domain(0), PLACE);
    await device.waitForBackend(Closing);
    // The kernel has not heard of it: its own state was written by somebody else.
    await device.end();
    expect(await removing).toBe(true);
    await expect(store.read(FRONT)).rejects.toMatchObject({ code: "not-found" });
    expect(await removeDevice(xen.domain(0), PLACE)).toBe(true);
    device.close();
    backend.close();
    finish();
  });

  test("not, if the toolstack gives up waiting", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    const stop = new AbortController();
    const removing = removeDevice(xen.domain(0), PLACE, { signal: stop.signal });
    await device.waitForBackend(Closing);
    stop.abort("not today");
    await expect(removing).rejects.toBe("not today");
    expect(await store.readText(`${FRONT}/state`)).toBe("4");
    device.close();
    backend.close();
    finish();
  });

  test("by the toolstack, when nobody follows", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    await expect(removeDevice(xen.domain(0), PLACE, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    expect(await removeDevice(xen.domain(0), PLACE, { timeout: 10 })).toBe(false);
    await expect(store.read(FRONT)).rejects.toMatchObject({ code: "not-found" });
    device.close();
    backend.close();
    finish();
  });
});

describe("this side", () => {
  test("notices that another program has taken the device", async () => {
    const { xen, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const first = await open();
    await connect(first);
    const second = await open();
    await connect(second);
    await second.publish({}, Closing);
    await expect(first.publish({}, Connected)).rejects.toMatchObject({
      code: "taken",
      message:
        `Cannot publish vbd/${ID}: its state is Closing (5), and not Connected (4) as this program has left it. ` +
        "Another program drives it now: stop one of them.",
    });
    await expect(first.end()).rejects.toMatchObject({ code: "taken" });
    first.close();
    await second.end();
    second.close();
    backend.close();
    finish();
  });

  test("says why it gives up", async () => {
    const { xen, store, open, finish } = await machine();
    const backend = await kernelBackend(xen);
    const device = await open();
    await connect(device);
    await device.fail("the backend has answered a request that was never made");
    expect(await store.readText(`/local/domain/1/error/device/vbd/${ID}/error`)).toMatch(/never made$/);
    expect(device.state).toBe(Closing);
    await device.end();
    device.close();
    backend.close();
    finish();
  });

  test("ends its waits when it is closed, or its signal is aborted", async () => {
    const { open, finish } = await machine();
    const device = await open();
    const stop = new AbortController();
    const aborted = device.waitForBackend(Connected, { signal: stop.signal });
    const closed = device.waitForBackend(Connected);
    const states = device.backendStates();
    await states.next();
    const next = states.next();
    stop.abort("stopped");
    await expect(aborted).rejects.toBe("stopped");
    device.close();
    await expect(closed).rejects.toMatchObject({ code: "closed" });
    expect(await next).toEqual({ value: undefined, done: true });
    for (
      const call of [
        () => device.start(),
        () => device.publish({}),
        () => device.end(),
        () => device.fail(""),
        () => device.waitForBackend(Connected),
      ]
    ) await expect(call()).rejects.toMatchObject({ code: "closed" });
    device.close();
    await device[Symbol.asyncDispose]();
    finish();
  });

  test("takes its time when transactions conflict", async () => {
    const { xen, finish } = await machine();
    const backend = await kernelBackend(xen);
    const faults = new Faults();
    faults.reply({ to: "end a transaction", error: "EAGAIN", times: 5 });
    faults.reply({ to: "start a transaction", error: "ENOSPC", times: 2 });
    const device = await FrontendDevice.open(faults.wrap(xen.domain(1)), "vbd", ID);
    await connect(device);
    await device.end();
    device.close();
    backend.close();
    finish();
  });

  test("is late, too, if the time is over while a state is written", async () => {
    const { xen, finish } = await machine();
    const backend = await kernelBackend(xen);
    const faults = new Faults();
    const device = await FrontendDevice.open(faults.wrap(xen.domain(1)), "vbd", ID);
    await connect(device);
    backend.close();
    // A transaction that is being committed is not given up.
    faults.reply({ to: "end a transaction", delay: 60 });
    await expect(device.end({ timeout: 20 })).rejects.toMatchObject({ code: "timed-out" });
    device.close();
    finish();
  });

  test("fails with the error of XenStore when that is lost", async () => {
    const { xen, finish } = await machine();
    const faults = new Faults();
    const device = await FrontendDevice.open(faults.wrap(xen.domain(1)), "vbd", ID);
    const waiting = device.waitForBackend(Connected);
    await turns();
    faults.disconnect();
    await expect(waiting).rejects.toMatchObject({ name: "StoreError", code: "disconnected" });
    await expect(device.start()).rejects.toMatchObject({ code: "disconnected" });
    device.close();
    finish();
  });
});

test("states come from the first one on, and those that are waited for may be changed meanwhile", async () => {
  const { open, write, finish } = await machine();
  const device = await open();
  await turns();
  const states = device.backendStates();
  expect(await states.next()).toEqual({ value: Initialising, done: false });
  await states.return!();
  const wanted: XenbusState[] = [InitWait];
  const waiting = device.waitForBackend(wanted);
  wanted[0] = Connected;
  await write(`${BACK}/state`, 2);
  expect(await waiting).toBe(InitWait);
  device.close();
  finish();
});

test("who waits for `Closed` waits through `Closing`", async () => {
  const { xen, open, write, finish } = await machine();
  const backend = await kernelBackend(xen);
  const device = await open();
  await connect(device);
  const waiting = device.waitForBackend(Closed);
  await write(`${BACK}/state`, 5);
  await turns();
  await write(`${BACK}/state`, 6);
  expect(await waiting).toBe(Closed);
  device.close();
  backend.close();
  finish();
});
