/** A backend beside frontends: one that plays the dance as Linux's xen-blkfront does, and one of this library. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { BackendDevice, createDevice, FrontendDevice, removeDevice, XenbusState } from "../../src/pv/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { turns } from "../vchan/support.ts";
import { BACK, FRONT, ID, kernelFrontend, PLACE } from "./kernel_sides.ts";

const { Connected, Closing, Closed, InitWait, Initialising } = XenbusState;

async function machine() {
  const xen = new MockXen();
  xen.domain(1);
  await createDevice(xen.domain(0), PLACE);
  const store = await XenStore.open(xen.domain(0));
  const finish = () => {
    store.close();
    xen.assertClean();
  };
  return { xen, store, finish, open: () => BackendDevice.open(xen.domain(0), "vbd", 1, ID) };
}

/** Serves one connection, and waits for its end. */
async function serve(device: BackendDevice, log: string[] = []): Promise<void> {
  await device.offer({ "feature-x": 1 });
  log.push(`ring ${await device.frontend.text("ring-ref")}`);
  await device.publish({ sectors: 2048 }, Connected);
  await device.waitForFrontend([Closing, Closed]);
  await device.end(() => void log.push("released"));
}

/** A frontend of this library, through a whole connection. */
async function use(device: FrontendDevice): Promise<void> {
  await device.start();
  expect(await device.backend.text("feature-x")).toBe("1");
  await device.publish({ "ring-ref": 9 });
  await device.waitForBackend(Connected);
  await device.publish({}, Connected);
}

test("serves a kernel's frontend until the toolstack removes the device", async () => {
  const { xen, store, open, finish } = await machine();
  const frontend = await kernelFrontend(xen);
  const device = await open();
  expect([device.kind, device.id, device.domid, device.nodes.path, device.frontend.path]).toEqual([
    "vbd",
    ID,
    1,
    BACK,
    FRONT,
  ]);
  const log: string[] = [];
  const serving = serve(device, log);
  await turns(60);
  expect([device.state, device.frontendState]).toEqual([Connected, Connected]);
  expect(await device.isOnline()).toBe(true);
  const removing = removeDevice(xen.domain(0), PLACE);
  await serving;
  expect(await removing).toBe(true);
  expect(log).toEqual(["ring 8", "released"]);
  expect(frontend.log.join(" ")).toBe("B1 B2 F3 B4 F4 B5 F6 B6");
  await expect(store.read(BACK)).rejects.toMatchObject({ code: "not-found" });
  await expect(device.offer({})).rejects.toMatchObject({ code: "gone" });
  device.close();
  frontend.close();
  finish();
});

test("of a kind of its own is not where the kernel's driver of the frontend's kind takes it", async () => {
  const xen = new MockXen();
  xen.domain(1);
  const place = { ...PLACE, backendKind: "udisk" };
  await createDevice(xen.domain(0), place);
  const store = await XenStore.open(xen.domain(0));
  expect(await store.list("/local/domain/0/backend")).toEqual(["udisk"]);
  const device = await BackendDevice.open(xen.domain(0), "udisk", 1, ID);
  const frontend = await FrontendDevice.open(xen.domain(1), "vbd", ID);
  const serving = serve(device);
  await use(frontend);
  await frontend.end();
  await serving;
  expect(await removeDevice(xen.domain(0), place)).toBe(true);
  expect(await store.list("/local/domain/0/backend/udisk/1")).toEqual([]);
  device.close();
  frontend.close();
  store.close();
  xen.assertClean();
});

test("serves one frontend after the other, also those that were killed", async () => {
  const { xen, open, finish } = await machine();
  const device = await open();
  const log: string[] = [];
  const serving = (async () => {
    for (let round = 0; round < 6; round++) await serve(device, log);
  })();
  for (let round = 0; round < 6; round++) {
    const program = xen.domain(1).process();
    const frontend = await FrontendDevice.open(program, "vbd", ID);
    await use(frontend);
    if (round % 2 === 0) program.kill();
    else await frontend.end();
    frontend.close();
  }
  await serving;
  expect(log.filter((line) => line === "released").length).toBe(6);
  device.close();
  finish();
});

describe("a backend that was killed", () => {
  test.each(["offering", "connected", "closing"] as const)("while %s is replaced by the next one", async (at) => {
    const { xen, open, finish } = await machine();
    const program = xen.domain(0).process();
    const killed = await BackendDevice.open(program, "vbd", 1, ID);
    const frontend = await FrontendDevice.open(xen.domain(1), "vbd", ID);
    const using = (async () => {
      await use(frontend);
      await frontend.waitForBackend([Closing, Closed]);
      await frontend.end();
      await use(frontend);
      await frontend.end();
    })();
    if (at === "offering") {
      killed.offer({ "feature-x": 1 }).catch(() => {});
      await turns(2);
    } else {
      await killed.offer({ "feature-x": 1 });
      await killed.publish({}, Connected);
      await killed.waitForFrontend(Connected);
      if (at === "closing") await killed.publish({}, Closing);
    }
    program.kill();
    killed.close();
    const device = await open();
    if (at === "offering") {
      await device.offer({ "feature-x": 1 });
      await device.publish({}, Connected);
      await device.waitForFrontend(Connected);
      await device.end();
    }
    await serve(device);
    await using;
    device.close();
    frontend.close();
    finish();
  });
});

test("frontends that come and go before they publish a ring are followed", async () => {
  const { store, open, finish } = await machine();
  const device = await open();
  const offering = device.offer({});
  const go = async (front: number, back: number) => {
    await store.write(`${FRONT}/state`, front);
    await store.waitFor(`${BACK}/state`, (state) => Number(state) === back, { timeout: 1000 });
  };
  for (let round = 0; round < 3; round++) {
    await go(1, 2);
    await go(5, 5);
    await go(6, 6);
  }
  await go(1, 2);
  await go(6, 6);
  await go(1, 2);
  await store.write(`${FRONT}/state`, 3);
  await offering;
  device.close();
  finish();
});

test("a device that is not online is not offered again", async () => {
  const { store, open, finish } = await machine();
  const device = await open();
  const offering = device.offer({});
  offering.catch(() => {});
  await store.write(`${BACK}/online`, 0);
  await store.waitFor(`${BACK}/state`, (state) => state === "2");
  await store.write(`${FRONT}/state`, 6);
  await expect(offering).rejects.toMatchObject({ code: "closing" });
  expect(await device.isOnline()).toBe(false);
  device.close();
  finish();
});

test("a device that nobody uses is removed at once", async () => {
  const { xen, open, finish } = await machine();
  for (const state of [1, 6]) {
    const device = await open();
    const offering = expect(device.offer({})).rejects.toMatchObject({
      code: "closing",
      message: `Cannot offer vbd/${ID} of domain 1: the toolstack removes it, as ${BACK}/online is not 1.`,
    });
    const store = await XenStore.open(xen.domain(1));
    await store.waitFor(`${BACK}/state`, (text) => text === "2");
    await store.write(`${FRONT}/state`, state);
    expect(await removeDevice(xen.domain(0), PLACE, { timeout: Infinity })).toBe(true);
    await offering;
    device.close();
    store.close();
    await createDevice(xen.domain(0), PLACE);
  }
  finish();
});

test.each([[BACK, "its own folder"], [FRONT, "that of the frontend"]])(
  "a device of which %s is removed is gone: %s",
  async (path) => {
    const { store, open, finish } = await machine();
    const device = await open();
    const offering = expect(device.offer({})).rejects.toMatchObject({ code: "gone" });
    await turns();
    await store.remove(path);
    await offering;
    await expect(device.waitForFrontend(Connected)).rejects.toMatchObject({ code: "gone" });
    expect(await device.waitForFrontend([XenbusState.Unknown])).toBe(0);
    device.close();
    finish();
  },
);

test("a frontend whose domain is gone has ended, and its memory is released", async () => {
  const { xen, open, finish } = await machine();
  const frontend = await kernelFrontend(xen);
  const device = await open();
  const log: string[] = [];
  await device.offer({});
  await device.publish({}, Connected);
  await device.waitForFrontend(Connected);
  const waiting = expect(device.waitForFrontend(Closing)).rejects.toMatchObject({ code: "gone" });
  xen.domain(1).destroy();
  await waiting;
  await device.end(() => void log.push("released"));
  expect(log).toEqual(["released"]);
  expect(device.state).toBe(Closed);
  // Whoever removes the device need not wait for anybody.
  expect(await removeDevice(xen.domain(0), PLACE)).toBe(true);
  device.close();
  frontend.close();
  finish();
});

test("a device whose frontend's domain is gone before it was used has ended, too", async () => {
  const { xen, open, finish } = await machine();
  const device = await open();
  const offering = expect(device.offer({})).rejects.toMatchObject({ code: "gone" });
  await turns();
  expect(device.state).toBe(InitWait);
  xen.domain(1).destroy();
  await offering;
  expect(device.state).toBe(Closed);
  expect(await removeDevice(xen.domain(0), PLACE)).toBe(true);
  device.close();
  finish();
});

test("a frontend that does not follow keeps its memory until the caller decides", async () => {
  const { store, open, finish } = await machine();
  const device = await open();
  await store.write(`${FRONT}/state`, 3);
  await device.offer({}, { timeout: 1000 });
  await device.publish({}, Connected);
  let isReleased = false;
  const release = () => {
    isReleased = true;
  };
  await expect(device.end(release, { timeout: 10 })).rejects.toMatchObject({
    code: "timed-out",
    message:
      `Cannot end vbd/${ID} of domain 1 within 10 ms: the frontend in domain 1 is at Initialised (3) instead of ` +
      "Closed (6). See whether its driver runs, or raise `timeout`.",
  });
  expect(isReleased).toBe(false);
  await store.write(`${FRONT}/state`, 6);
  await device.end(release);
  expect(isReleased).toBe(true);
  expect(device.state).toBe(Closed);
  device.close();
  finish();
});

test("says why it gives up, and what has changed", async () => {
  const { xen, store, open, finish } = await machine();
  const frontend = await kernelFrontend(xen);
  const device = await open();
  await device.offer({});
  await device.publish({ sectors: 1 }, Connected);
  await device.waitForFrontend(Connected);
  const { length } = frontend.log;
  const seen: number[] = [];
  const watching = (async () => {
    for await (const state of device.frontendStates()) seen.push(state);
  })();
  await device.publish({ sectors: 2 }, Connected);
  await turns();
  expect(frontend.log.length).toBe(length);
  await device.fail("the ring makes no sense");
  expect(await store.readText(`/local/domain/0/error/backend/vbd/1/${ID}/error`)).toBe("the ring makes no sense");
  await device.end();
  device.close();
  await watching;
  expect(seen.at(-1)).toBe(Closed);
  frontend.close();
  finish();
});

test("arguments are checked, and the device must be there", async () => {
  const { xen, store, open, finish } = await machine();
  const wrong = (kind: unknown, domid: unknown, id: unknown) =>
    BackendDevice.open(xen.domain(0), kind as string, domid as number, id as number);
  await expect(wrong("vbd", -1, 1)).rejects.toThrow("`domid` must be a whole number");
  await expect(wrong("vbd", 1, "1")).rejects.toThrow("`id` must be a number");
  await expect(wrong("vbd", 1, 1)).rejects.toMatchObject({ code: "no-device" });
  const device = await open();
  await expect(device.offer({ "feature x": 1 })).rejects.toThrow(RangeError);
  await expect(device.offer({ state: 2 })).rejects.toThrow("`nodes` must not have a `state`");
  await expect(device.offer({}, { timeout: 200 })).rejects.toMatchObject({
    code: "timed-out",
    message: expect.stringContaining("the frontend in domain 1 is at Initialising (1) instead of Initialised (3) or "),
  });
  expect(device.state).toBe(InitWait);
  expect(device.frontendState).toBe(Initialising);
  expect(JSON.parse(JSON.stringify(device))).toEqual({
    kind: "vbd",
    id: ID,
    domid: 1,
    state: 2,
    frontendState: 1,
    closed: false,
  });
  device.close();
  await expect(device.offer({})).rejects.toMatchObject({ code: "closed" });
  await expect(device.isOnline()).rejects.toMatchObject({ code: "closed" });
  await store.write(`${BACK}/frontend`, "nowhere");
  await expect(open()).rejects.toMatchObject({ code: "protocol" });
  finish();
});
