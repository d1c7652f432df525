/** Which tests the suite of XenStore registers, and what it does around each. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { StoreSetup } from "../conformance/store/setup.ts";
import { storeConformance, type StoreConformanceOptions, type StoreNeed } from "../conformance/mod.ts";
import { storeTarget } from "../npm/programs/mock_targets.ts";

function target(xen: MockXen) {
  const side = (domid: number) => ({ store: xen.domain(domid).store, domid, longLists: true });
  return { ours: side(1), theirs: side(2), hidesMissing: true };
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
    lacks: ["domain 0", "long lists"],
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

/** Registers the suite on two sides of a simulated Xen. Returns its tests by their names. */
function register(
  domids: readonly [ours: number, theirs: number],
  options: Pick<StoreConformanceOptions, "lacks" | "quotas"> = {},
): Map<string, () => Promise<void>> {
  const tests = new Map<string, () => Promise<void>>();
  storeConformance({
    ...options,
    test: (name, run) => tests.set(name, run),
    open() {
      const xen = new MockXen();
      const [ours, theirs] = domids.map((domid) => ({ store: xen.domain(domid).store, domid, longLists: true }));
      return { ours: ours!, theirs: theirs!, hidesMissing: true, close: () => xen.assertClean() };
    },
  });
  return tests;
}

const DECLARATION = "target: lacks what it declares, and nothing else";
const QUOTAS = { value: 2015, nodes: 1000, watches: 129, transactions: 11 };

test("registers no test that needs what the target lacks, and no test of a quota that is not given", () => {
  const all = register([1, 0], { quotas: QUOTAS });
  const without = (domids: readonly [number, number], options: Parameters<typeof register>[1]) => {
    const { size } = register(domids, options);
    return all.size - size;
  };
  const quotas = QUOTAS;
  expect(without([1, 0], {})).toBe(4);
  expect(without([1, 0], { quotas: { value: 2015 } })).toBe(3);
  // Each need has tests of its own.
  expect(without([1, 0], { quotas, lacks: ["domain 0"] })).toBe(4);
  expect(without([0, 0], { lacks: ["unprivileged domain"] })).toBe(4 + 1);
  expect(without([1, 1], { quotas, lacks: ["two domains"] })).toBe(9);
  expect(without([1, 0], { quotas, lacks: ["homes"] })).toBe(3);
  expect(without([1, 0], { quotas, lacks: ["long lists"] })).toBe(1);
  expect([...register([1, 0], { lacks: ["homes"] }).keys()]).not.toContain("domains: are known to domain 0");
});

test("has tests that name all they need: those that are left pass on targets that lack something", async () => {
  const targets: readonly [domids: [number, number], lacks: StoreNeed[]][] = [
    [[0, 0], ["unprivileged domain", "two domains"]],
    [[1, 1], ["domain 0", "two domains", "long lists"]],
    [[1, 2], ["domain 0", "long lists"]],
  ];
  for (const [domids, lacks] of targets) {
    for (const [name, run] of register(domids, { lacks })) {
      await run().catch((cause) => {
        throw new Error(`${domids}: ${name}`, { cause });
      });
    }
  }
});

test("fails where a target lacks what is not declared, and says what to declare", async () => {
  const dom0 = register([0, 0], { quotas: { value: 2015 } });
  const message = (need: StoreNeed) => `the target lacks "${need}", which this test needs: add it to \`lacks\``;
  for (
    const [name, need] of [
      ["rights: hide nodes from other domains", "two domains"],
      ["quotas: bound the value of a node", "unprivileged domain"],
      [DECLARATION, "unprivileged domain"],
    ] as const
  ) await expect(dom0.get(name)!(), name).rejects.toThrow(message(need));
  await expect(register([1, 2]).get("list: returns a list of exactly one message")!()).rejects.toThrow(
    message("domain 0"),
  );
  await expect(register([1, 2]).get("list: sees each node once that stays while others come and go")!())
    .rejects.toThrow(message("long lists"));
  await expect(register([0, 0], { lacks: ["unprivileged domain"] }).get(DECLARATION)!()).rejects.toThrow(
    message("two domains"),
  );
});

test("fails where a target has what it is declared to lack", async () => {
  for (const need of ["domain 0", "unprivileged domain", "two domains", "homes", "long lists"] as const) {
    await expect(register([1, 0], { lacks: [need] }).get(DECLARATION)!(), need).rejects.toThrow(
      `the target has "${need}": remove it from \`lacks\``,
    );
  }
});

test("fails where homes have no `domid`, unless that is declared", async () => {
  const open = async () => {
    const target = storeTarget(new MockXen(), "xenstored", [0, "socket"], [0, "socket"]);
    using store = await XenStore.open(target.ours);
    await store.remove("domid");
    return target;
  };
  const lacks = ["unprivileged domain", "two domains"] satisfies StoreNeed[];
  const tests = new Map<string, () => Promise<void>>();
  storeConformance({ test: (name, run) => tests.set(name, run), open, lacks });
  for (const name of [DECLARATION, "domains: are known to domain 0"]) {
    await expect(tests.get(name)!(), name).rejects.toThrow('the target lacks "homes"');
  }
  storeConformance({ test: (name, run) => tests.set(name, run), open, lacks: [...lacks, "homes"] });
  await tests.get(DECLARATION)!();
});

test("refuses quotas of a target without a domain that has quotas", () => {
  expect(() => register([0, 0], { lacks: ["unprivileged domain"], quotas: { value: 2015 } })).toThrow(
    'Cannot test quotas: the target lacks "unprivileged domain"',
  );
});
