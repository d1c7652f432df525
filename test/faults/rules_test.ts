/** When rules apply: failures, holds, hooks and wrong options. */
import { describe, expect, test } from "vitest";
import vm from "node:vm";
import { type FailOptions, Faults, InjectedFault } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantError, type Mapping } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";
import { faultyMachine, PROFILES } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";
import { replaceMethods } from "../support/replace_methods.ts";

describe("when a rule applies:", () => {
  /** The numbers of the allocations that fail, of 12. */
  function failing(options: FailOptions, seed = 1): number[] {
    const { faults, device, finish } = faultyMachine("linux-5.16", seed);
    const allocator = device.open();
    faults.fail("grant", options);
    const failed: number[] = [];
    for (let round = 1; round <= 12; round++) {
      try {
        allocator.allocate(0).free();
      } catch {
        failed.push(round);
      }
    }
    finish();
    return failed;
  }

  test("to the nth call, a number of times or always from then on, and in its part alone", () => {
    expect(failing({})).toEqual([1]);
    expect(failing({ nth: 3 })).toEqual([3]);
    expect(failing({ nth: 3, times: 4 })).toEqual([3, 4, 5, 6]);
    expect(failing({ nth: 10, times: Infinity })).toEqual([10, 11, 12]);
    expect(failing({ part: "grants" })).toEqual([1]);
    expect(() => failing({ part: "maps" })).toThrow(
      '`part` must have calls of the kind grant: current value is "maps"',
    );
    expect(failing({ rate: 0 })).toEqual([]);
    expect(failing({ rate: 1, nth: 11 })).toEqual([11, 12]);
    expect(failing({ rate: 1, times: 2 })).toEqual([1, 2]);
  });

  test("before the call is done, unless callers do not repeat it", () => {
    const { faults, device, finish, below } = faultyMachine();
    const allocator = device.open();
    const view = allocator.allocate(0).map();
    for (const kind of ["map", "unmap", "close"] as const) faults.fail(kind);
    grantError(() => allocator.map(0, 1));
    grantError(() => view.unmap());
    grantError(() => allocator.close());
    expect([below("map").length, below("unmap").length, below("close").length, faults.unreleased]).toEqual([
      1,
      1,
      1,
      0,
    ]);
    finish();
  });

  test("at random, as the seed decides", () => {
    const some = failing({ rate: 0.5 });
    expect(some.length).toBeGreaterThan(2);
    expect(some.length).toBeLessThan(10);
    expect(failing({ rate: 0.5 })).toEqual(some);
    const seeds = new Set([1, 2, 3, 4, 5, 6].map((seed) => failing({ rate: 0.5 }, seed).join()));
    expect(seeds.size).toBe(6);
    expect(failing({ rate: 0.5, times: 2 })).toEqual(some.slice(0, 2));
    expect(failing({ rate: 0.5, nth: 5 }).every((round) => round >= 5)).toBe(true);
  });

  test("from when it is set; the first one that is due wins, and each may be cleared", () => {
    const { faults, device, finish } = faultyMachine();
    const allocator = device.open();
    allocator.allocate(0);
    const [first, second] = [new Error("first"), new Error("second")];
    const one = faults.fail("grant", { nth: 2, times: 2, error: first });
    const other = faults.fail("grant", { nth: 2, times: Infinity, error: second });
    allocator.allocate(0);
    expect(grantError(() => allocator.allocate(0)).cause).toBe(first);
    expect(grantError(() => allocator.allocate(0)).cause).toBe(first);
    expect(grantError(() => allocator.allocate(0)).cause).toBe(second);
    expect([one.fired, other.fired]).toEqual([2, 1]);
    other.clear();
    allocator.allocate(0);
    expect([faults.calls("grant"), faults.injected("grant")]).toEqual([6, 3]);
    expect(faults.calls("grant", "grants")).toBe(6);
    expect(faults.calls("grant", "maps")).toBe(0);
    finish();
  });
});

test("errors may be any value, or made for the call", () => {
  const { faults, device, finish } = faultyMachine();
  const allocator = device.open();
  const full = new GrantError("full", { code: "table-full", operation: "allocate", errno: 28 });
  faults.fail("grant", { error: full });
  expect(grantError(() => allocator.allocate(0))).toBe(full);
  faults.fail("grant", { error: (call: { number: number }) => new Error(`call ${call.number}`) });
  expect(grantError(() => allocator.allocate(0)).message).toContain("failed: call 2");
  faults.fail("grant", { error: "a text" });
  expect(grantError(() => allocator.allocate(0)).message).toContain("a text");
  faults.fail("grant");
  const { cause } = grantError(() => allocator.allocate(0, { pages: 2 }));
  expect(cause).toBeInstanceOf(InjectedFault);
  expect(cause).toMatchObject({
    name: "InjectedFault",
    message: "a fault was injected into call 4 of `grant` in the part `grants`",
    call: { part: "grants", kind: "grant", number: 4, page: 0, count: 2, domid: 0, grefs: [] },
  });
  finish();
});

test("errors may be a class of another realm, whose message the library's error has", () => {
  const { faults, device, finish } = faultyMachine();
  const allocator = device.open();
  for (const code of ["RangeError", "class Mine extends Error {}; Mine"]) {
    const error = vm.runInNewContext(code);
    faults.fail("grant", { error });
    const { cause, message } = grantError(() => allocator.allocate(0));
    expect(cause).toBeInstanceOf(error);
    expect(message).toMatch(/^Cannot allocate: the backend mock failed: a fault was injected into call \d of `grant`/);
  }
  finish();
});

test("errors may be given as a class, which gets a message", () => {
  const { faults, device, finish } = faultyMachine();
  const allocator = device.open();
  class Mine extends Error {}
  for (const error of [Mine, RangeError, Error]) {
    faults.fail("grant", { error });
    const { cause } = grantError(() => allocator.allocate(0));
    expect(cause).toBeInstanceOf(error);
    expect((cause as Error).message).toMatch(/^a fault was injected into call \d of `grant`/);
  }
  faults.fail("grant", { error: InjectedFault });
  expect(grantError(() => allocator.allocate(0)).cause).toMatchObject({ call: { number: 4 } });
  finish();
});

describe("a rule that was due and did not apply", () => {
  test("applies to a later call", () => {
    const { xen, faults, device, finish } = faultyMachine();
    const allocator = device.open();
    const boom = new Error("boom");
    const throws = () => {
      throw boom;
    };
    const failure = faults.fail("grant", { afterPages: 1 });
    const after = faults.after("grant", () => {}, { times: 1 });
    faults.before("grant", throws, { times: 1 });
    expect(grantError(() => allocator.allocate(0, { pages: 2 })).cause).toBe(boom);
    expect([failure.fired, after.fired, faults.injected()]).toEqual([0, 0, 0]);
    xen.domain(1).limit = 0;
    expect(grantError(() => allocator.allocate(0, { pages: 2 })).code).toBe("kernel-limit-reached");
    expect([failure.fired, after.fired]).toEqual([0, 0]);
    xen.domain(1).limit = 1024;
    expect(grantError(() => allocator.allocate(0, { pages: 2 })).cause).toBeInstanceOf(InjectedFault);
    expect([failure.fired, after.fired, faults.injected()]).toEqual([1, 1, 1]);
    allocator.allocate(0);
    finish();
  });

  test("applies as often as it should if a domain is wrapped twice", () => {
    for (const times of [1, 2, 3]) {
      const faults = new Faults();
      const backend = faults.wrap(faults.wrap(new MockXen().domain(1))).grants;
      let runs = 0;
      const hook = faults.after("limit", () => runs++, { times });
      for (let round = 0; round < 4; round++) backend.limit();
      expect([runs, hook.fired]).toEqual([times, times]);
    }
  });

  test("does not apply if a hook clears it, unless the call was stopped half-way", () => {
    for (const options of [{}, { afterPages: 1 }, { when: "after" }] satisfies FailOptions[]) {
      const { faults, device, finish } = faultyMachine();
      const allocator = device.open();
      const rule = faults.fail("grant", options);
      let second = 0;
      faults.before("grant", () => faults.clear());
      faults.before("grant", () => second++);
      allocator.allocate(0, { pages: 2 });
      expect([rule.fired, faults.injected(), second]).toEqual([0, 0, 0]);
      const late = faults.fail("grant", options);
      faults.after("grant", () => late.clear(), { times: 1 });
      if ("when" in options) allocator.allocate(0, { pages: 2 });
      else grantError(() => allocator.allocate(0, { pages: 2 }));
      finish();
    }
  });
});

describe("`hold()` holds pages that the peer does not map:", () => {
  test("all of them until it is cleared", () => {
    const { xen, faults, device, finish, below } = faultyMachine("linux-6.1");
    const pages = device.open().allocate(0, { pages: 3 });
    const peer = faults.hold();
    pages.free();
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
    expect(below("endAccess")).toEqual([]);
    expect(() => xen.assertClean()).toThrow("references 8");
    expect([peer.fired, faults.injected("endAccess")]).toEqual([
      faults.calls("endAccess") * 3,
      faults.calls("endAccess"),
    ]);
    peer.clear();
    device.open().close();
    expect(device.inspect().pending).toBe(0);
    finish();
  });

  test("some of them, beside one that the peer does map", () => {
    const { faults, device, mapper, finish, below } = faultyMachine("linux-5.16");
    const pages = device.open().allocate(0, { pages: 7 });
    const theirs = mapper.map(1, [pages.grefs[6]!]);
    faults.hold({ grefs: [pages.grefs[1]!, pages.grefs[2]!, pages.grefs[4]!] });
    pages.free();
    expect(device.inspect()).toMatchObject({ live: 4, pending: 4 });
    expect(below("endAccess")).toEqual([1, 1, 2]);
    theirs.unmap();
    faults.clear();
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    finish();
  });

  test("for a number of calls for each page, counted by file", () => {
    const { faults, device, finish } = faultyMachine();
    const [first, second] = [device.open(), device.open()];
    const pages = first.allocate(0, { pages: 3 });
    const other = second.allocate(0, { pages: 3 });
    faults.hold({ asks: 2 });
    pages.free({ start: 0, count: 1 }); // page 0: once
    expect(device.inspect().pending).toBe(1);
    pages.free({ start: 1, count: 1 }); // twice, and page 1 once
    expect(device.inspect().pending).toBe(2);
    other.free();
    expect(device.inspect().pending).toBe(4);
    first.close();
    expect(device.inspect().pending).toBe(4);
    device.open().close();
    device.open().close();
    expect(device.inspect().pending).toBe(0);
    finish();
  });

  test("at random", () => {
    const { faults, device, finish } = faultyMachine();
    const pages = device.open().allocate(0, { pages: 100 });
    faults.hold({ rate: 0.5 });
    pages.free();
    expect(device.inspect().pending).toBeGreaterThan(25);
    expect(device.inspect().pending).toBeLessThan(75);
    finish();
  });

  test("while access to others fails to end: all of them are held, and it throws only if access to no page ended", () => {
    const xen = new MockXen();
    const faults = new Faults();
    const failing = new Set([2, 4]);
    const grants = replaceMethods(xen.domain(1).grants, (file) => ({
      endAccess(page, count, grefs) {
        if (failing.has(page)) throw new Error(`page ${page}`);
        return file.endAccess(page, count, grefs);
      },
    }));
    const file = faults.wrap({ grants }).grants.open();
    const grefs = new Uint32Array(5);
    file.grant(0, 5, 0, false, grefs);
    faults.hold({ grefs: [grefs[1]!, grefs[3]!] });
    expect(file.endAccess(0, 5, grefs)).toEqual([1, 2, 3, 4]);
    expect(() => file.endAccess(1, 4, grefs.subarray(1))).toThrow("page 2");
    expect(faults.injected()).toBe(2);
    failing.clear();
    expect(file.endAccess(1, 4, grefs.subarray(1))).toEqual([0, 2]);
    faults.clear();
    expect(file.endAccess(1, 1, grefs.subarray(1))).toEqual([]);
    expect(file.endAccess(3, 1, grefs.subarray(3))).toEqual([]);
    xen.assertClean();
  });

  test("in a run of more than ten, and returns them in ascending order", () => {
    const xen = new MockXen();
    const faults = new Faults();
    const file = faults.wrap(xen.domain(1)).grants.open();
    const grefs = new Uint32Array(12);
    file.grant(0, 12, 0, false, grefs);
    faults.hold({ grefs: [grefs[2]!, grefs[11]!] });
    expect(file.endAccess(0, 12, grefs)).toEqual([2, 11]);
  });
});

describe("hooks", () => {
  for (const profile of PROFILES) {
    test(`before endAccess: a peer that maps a page just before, profile ${profile}`, () => {
      const { faults, device, mapper, finish } = faultyMachine(profile);
      const pages = device.open().allocate(0, { pages: 3 });
      const theirs: Mapping[] = [];
      const hook = faults.before("endAccess", (call) => theirs.push(mapper.map(1, [call.grefs[1]!])), { times: 1 });
      pages.free();
      expect([theirs.length, hook.fired]).toEqual([1, 1]);
      expect(device.inspect().pending).toBe(profile === "linux-5.16" ? 1 : 0);
      // It still has the page, whatever happened to it here.
      expect(theirs[0]!.read(0, 1)[0]).toBe(0);
      theirs[0]!.unmap();
      finish();
    });
  }

  test("after endAccess: the page cannot be mapped any more", () => {
    const { faults, device, mapper, finish } = faultyMachine();
    const pages = device.open().allocate(0);
    const codes: string[] = [];
    faults.after("endAccess", (call) => codes.push(grantError(() => mapper.map(1, [...call.grefs])).code));
    pages.free();
    expect(codes).toEqual(["map-refused"]);
    finish();
  });

  test("run in the order in which they were set, and not after a call that failed before it was done", () => {
    const { faults, device, finish } = faultyMachine();
    const allocator = device.open();
    const order: string[] = [];
    for (const name of ["one", "two"]) {
      faults.before("grant", () => order.push(`before ${name}`));
      faults.after("grant", () => order.push(`after ${name}`));
    }
    faults.fail("grant", { nth: 2 });
    allocator.allocate(0);
    expect(order.splice(0)).toEqual(["before one", "before two", "after one", "after two"]);
    grantError(() => allocator.allocate(0));
    expect(order.splice(0)).toEqual(["before one", "before two"]);
    const single = faults.after("grant", (call) => order.push(call.grefs.join()));
    allocator.allocate(0, { pages: 2 });
    expect(order.splice(0).at(-1)).toBe("9,10");
    single.clear();
    allocator.allocate(0);
    expect(order.splice(0)).toEqual(["before one", "before two", "after one", "after two"]);
    expect(single.fired).toBe(1);
    faults.clear();
    allocator.allocate(0);
    expect(order).toEqual([]);
    finish();
  });
});

test("wrong options are refused", () => {
  const faults = new Faults();
  expect(() => new Faults({ seed: -1 })).toThrow(
    "`seed` must be a whole number from 0 to 4294967295: current value is -1",
  );
  expect(() => new Faults(null as unknown as object)).toThrow(TypeError);
  expect(() => faults.fail("fly" as "map")).toThrow(
    "must be one of open, limit, grant, endAccess, map, unmap, notify, close, copy, bind, pending, wait, unmask, reset, " +
      "unbind, send, receive: " +
      'current value is "fly"',
  );
  expect(() => faults.fail("map", { part: "both" as "maps" })).toThrow(
    '`part` must be one of "grants", "maps", "events", "store": current value is "both"',
  );
  expect(() => faults.fail("map", { nth: 0 })).toThrow("`nth` must be a whole number from 1");
  expect(() => faults.fail("map", { times: 0 })).toThrow(
    "`times`, if it is not Infinity, must be a whole number from 1",
  );
  for (const rate of [-0.1, 1.1, NaN, "1" as unknown as number]) {
    expect(() => faults.fail("map", { rate })).toThrow("`rate` must be a number from 0 to 1");
    expect(() => faults.hold({ rate })).toThrow("`rate` must be a number from 0 to 1");
  }
  expect(() => faults.fail("map", { when: "now" as "after" })).toThrow('`when` must be "before" or "after"');
  expect(() => faults.fail("map", { afterPages: 1 })).toThrow("must be grant or endAccess: current value is map");
  expect(() => faults.fail("grant", { afterPages: 1, when: "after" })).toThrow("`when` must be left out");
  expect(() => faults.fail("grant", { afterPages: -1 })).toThrow("`afterPages` must be a whole number");
  expect(() => faults.fail("grant", null as unknown as object)).toThrow(TypeError);
  expect(() => faults.hold({ asks: 0 })).toThrow("`asks`");
  expect(() => faults.hold(null as unknown as object)).toThrow(TypeError);
  expect(() => faults.before("map", 1 as unknown as () => void)).toThrow(
    "the action must be a function: current value is 1",
  );
  expect(() => faults.after("x" as "map", () => {})).toThrow("Cannot run an action after a call as the kind of call");
  // No rule was set.
  const device = new GrantDevice(faults.wrap(new MockXen().domain(1)), { core: debugCore });
  device.open().allocate(0).map().unmap();
  device.close();
});
