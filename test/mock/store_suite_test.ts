/** What the suite of XenStore does around each test. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { StoreSetup } from "../conformance/store/setup.ts";
import { storeConformance } from "../conformance/mod.ts";

function target(xen: MockXen) {
  const side = (domid: number) => ({ store: xen.domain(domid).store, domid, longLists: true });
  return { ours: side(1), theirs: side(2), hidesMissing: true, hasHomes: true };
}

test("removes what a test has left, and not what another run is using", async () => {
  const xen = new MockXen();
  const first = await StoreSetup.open({ ...target(xen), close() {} });
  const second = await StoreSetup.open({ ...target(xen), close() {} });
  await second.ours.xenstore.write(`${second.ours.folder}/a`, "kept");
  await first.close();
  expect(await second.ours.xenstore.readText(`${second.ours.folder}/a`)).toBe("kept");
  await second.close();
  using store = await XenStore.open(xen.domain(1));
  expect(await store.list("data")).toEqual([]);
});

test("closes the target if a test fails, or if its sides cannot be opened", async () => {
  const runs: (() => Promise<void>)[] = [];
  const xen = new MockXen();
  let closed = 0;
  const refused = {
    ...target(xen).theirs,
    store: {
      name: "none",
      open: () => {
        throw new Error("no");
      },
    },
  };
  let isBroken = true;
  storeConformance({
    test: (_name, run) => runs.push(run),
    open: () => ({
      ...target(xen),
      ...(isBroken ? { theirs: refused } : {}),
      hidesMissing: false,
      close: () => closed++,
    }),
  });
  await expect(runs[0]!()).rejects.toThrow("no");
  expect(closed).toBe(1);
  using store = await XenStore.open(xen.domain(1));
  expect(await store.list("data")).toEqual([]);
  isBroken = false;
  const results = await Promise.allSettled(runs.map((run) => run()));
  expect(results.some(({ status }) => status === "rejected")).toBe(true);
  expect(closed).toBe(1 + runs.length);
});
