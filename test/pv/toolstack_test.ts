/** Devices that are made and removed: whose nodes those are, and who is asked. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { createDevice, removeDevice } from "../../src/pv/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";

const ALIAS = { kind: "a", backendKind: "p", id: 0, frontend: 1, backend: 0 };
const FRONT = "/local/domain/1/device/a/0";
const BACK = "/local/domain/0/backend/p/1/0";

async function machine() {
  const xen = new MockXen();
  xen.domain(1);
  await createDevice(xen.domain(0), ALIAS);
  const store = await XenStore.open(xen.domain(0));
  const finish = () => {
    store.close();
    xen.assertClean();
  };
  return { xen, store, finish, exists: (path: string) => store.read(path).then(() => true, () => false) };
}

test("a device is not made in the folder of another one's backend", async () => {
  const { xen, store, finish, exists } = await machine();
  await expect(createDevice(xen.domain(0), { ...ALIAS, kind: "b" })).rejects.toMatchObject({
    code: "taken",
    message: `Cannot create a device: domain 1 has a b/0 already, or another device that would share its nodes, at ` +
      `${BACK}. Remove it first, or use another number.`,
  });
  expect(await store.readText(`${BACK}/frontend`)).toBe(FRONT);
  expect(await exists("/local/domain/1/device/b/0")).toBe(false);
  finish();
});

test("a device whose frontend has gone is made again", async () => {
  const { xen, store, finish } = await machine();
  await store.remove(FRONT);
  await store.write(`${BACK}/leftover`, "1");
  await createDevice(xen.domain(0), ALIAS);
  await expect(store.read(`${BACK}/leftover`)).rejects.toMatchObject({ code: "not-found" });
  finish();
});

test("the backend is asked also if its kind is not given", async () => {
  const { xen, store, finish, exists } = await machine();
  await store.write(`${BACK}/state`, 4);
  const removing = removeDevice(xen.domain(0), { ...ALIAS, backendKind: undefined });
  await store.waitFor(`${BACK}/state`, (state) => state === "5", { timeout: 10_000 });
  expect(await store.readText(`${BACK}/online`)).toBe("0");
  await store.write(`${BACK}/state`, 6);
  expect(await removing).toBe(true);
  expect([await exists(FRONT), await exists(BACK)]).toEqual([false, false]);
  finish();
});

test("a frontend cannot have the backend of another device removed", async () => {
  const { xen, store, finish, exists } = await machine();
  await createDevice(xen.domain(0), { ...ALIAS, kind: "b", backendKind: "q" });
  for (const path of ["/local/domain/0/backend/q/1/0", "/local/domain/0", "x", Uint8Array.of(0xff)]) {
    await store.write(`${FRONT}/backend`, path);
    expect(await removeDevice(xen.domain(0), { ...ALIAS, backendKind: undefined })).toBe(true);
    expect([await exists(FRONT), await exists("/local/domain/0/backend/q/1/0")]).toEqual([false, true]);
    await createDevice(xen.domain(0), ALIAS);
  }
  finish();
});

test("a frontend without a state is removed, too", async () => {
  const { xen, store, finish, exists } = await machine();
  await store.write(`${FRONT}/state`, "x");
  expect(await removeDevice(xen.domain(0), ALIAS)).toBe(true);
  expect([await exists(FRONT), await exists(BACK)]).toEqual([false, false]);
  finish();
});
