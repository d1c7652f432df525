/** Faults half-way through a call, and before a call that ends something: nothing is lost. */
import { describe, expect, test } from "vitest";
import type { GrantFile } from "../../src/contract/backend.ts";
import { type FailOptions, type FaultCall, Faults, InjectedFault } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantMapper, type Mapping } from "../../mod.ts";
import { boom, faultyMachine, PROFILES } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";
import { mapBackend, NO_MEMORY, peerMemory } from "../support/map_backend.ts";

describe("a grant that fails after some pages", () => {
  for (const [count, afterPages] of [[3, 0], [3, 1], [3, 2], [3, 3], [3, 7], [200, 70], [1024, 1000]] as const) {
    test(`${afterPages} of ${count}: they are taken back, and the index is as before`, () => {
      const { faults, device, finish, below } = faultyMachine();
      const allocator = device.open();
      faults.fail("grant", { afterPages, error: boom });
      const error = grantError(() => allocator.allocate(0, { pages: count }));
      expect(error).toMatchObject({ code: "backend-failed", operation: "allocate", cause: boom });
      const granted = Math.min(afterPages, count);
      expect(below("grant")).toEqual(granted > 0 ? [granted] : []);
      expect(below("endAccess")).toEqual(granted > 0 ? [granted] : []);
      expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
      expect(allocator.allocate(0, { pages: count }).page).toBe(0);
      finish();
    });
  }

  test("and again while it is undone leaves the pages pending until a later operation", () => {
    const { faults, device, finish } = faultyMachine();
    const allocator = device.open();
    faults.fail("grant", { afterPages: 2, error: boom });
    faults.fail("endAccess", { times: 2 });
    expect(grantError(() => allocator.allocate(0, { pages: 5 })).cause).toBe(boom);
    expect(device.inspect()).toMatchObject({ live: 2, listed: 0, pending: 2 });
    expect(allocator.allocate(0).page).toBe(2);
    expect(device.inspect()).toMatchObject({ live: 3, pending: 2 });
    allocator.allocate(0);
    expect(device.inspect()).toMatchObject({ live: 2, pending: 0 });
    finish();
  });

  for (const profile of PROFILES) {
    test(`while the peer maps one by guessing, profile ${profile}`, () => {
      const { faults, device, mapper, finish } = faultyMachine(profile);
      const allocator = device.open();
      let theirs: Mapping | undefined;
      faults.after("grant", (call) => {
        expect(call).toMatchObject({ part: "grants", kind: "grant", number: 1, page: 0, count: 3, domid: 0 });
        // Two of three pages were granted.
        expect(call.grefs).toEqual([8, 9]);
        theirs = mapper.map(1, [call.grefs[1]!]);
      }, { times: 1 });
      faults.fail("grant", { afterPages: 2, error: boom });
      expect(grantError(() => allocator.allocate(0, { pages: 3 })).cause).toBe(boom);
      const held = profile === "linux-5.16" ? 1 : 0;
      expect(device.inspect()).toMatchObject({ live: held, listed: 0, pending: held });
      theirs!.unmap();
      expect(allocator.allocate(0).page).toBe(held * 2);
      expect(device.inspect()).toMatchObject({ live: 1, pending: 0 });
      finish();
    });
  }

  test("in the inner backend fails with that error, and counts as no fault", () => {
    const { xen, faults, device, finish } = faultyMachine();
    const allocator = device.open();
    xen.domain(1).limit = 1;
    faults.fail("grant", { afterPages: 2 });
    expect(grantError(() => allocator.allocate(0, { pages: 3 })).code).toBe("kernel-limit-reached");
    expect(faults.injected()).toBe(0);
    xen.domain(1).limit = 1024;
    finish();
  });
});

test("an injected fault keeps the references of its call, even if their buffer is used again", () => {
  const faults = new Faults();
  const file = faults.wrap(new MockXen().domain(1)).grants.open();
  const grefs = new Uint32Array(3);
  const calls: FaultCall[] = [];
  faults.before("grant", (call) => calls.push(call));
  const failed = (options: FailOptions) => {
    faults.fail("grant", options);
    try {
      file.grant(calls.length * 3, 3, 0, true, grefs);
    } catch (error) {
      return (error as InjectedFault).call;
    }
  };
  const half = failed({ afterPages: 2 });
  // What is left in the buffer is of an earlier call.
  const early = failed({});
  grefs.fill(0);
  file.grant(6, 1, 0, true, grefs);
  grefs.fill(77);
  expect([half!.grefs, early!.grefs]).toEqual([[8, 9], []]);
  expect(calls.map((call) => call.grefs)).toEqual([[8, 9], [], [10]]);
  expect(Object.getOwnPropertyDescriptor(half, "grefs")?.get).toBe(undefined);
});

test("a grant that transfers the buffer of the references fails with its own error", () => {
  const faults = new Faults();
  const real = new MockXen().domain(1).grants;
  const grant = (...[, , , , grefs]: Parameters<GrantFile["grant"]>) => {
    structuredClone(null, { transfer: [grefs.buffer as ArrayBuffer] });
    throw boom;
  };
  const file = faults.wrap({ grants: { ...real, open: () => ({ grant }) as unknown as GrantFile } }).grants.open();
  expect(() => file.grant(0, 1, 0, true, new Uint32Array(1))).toThrow(boom);
});

describe("`endAccess()` that fails", () => {
  test("after some pages returns the others as held, and access to them ends later", () => {
    const { faults, device, finish, below } = faultyMachine();
    const pages = device.open().allocate(0, { pages: 5 });
    const rule = faults.fail("endAccess", { afterPages: 2 });
    pages.free();
    expect([rule.fired, faults.injected("endAccess")]).toEqual([1, 1]);
    expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
    expect(below("endAccess")).toEqual([2]);
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    expect(below("endAccess")).toEqual([2, 3]);
    finish();
  });

  for (const afterPages of [3, 9]) {
    test(`after all of its 3 pages, by ${afterPages}: access has ended, and the next attempt succeeds`, () => {
      const { xen, faults, device, finish, below } = faultyMachine();
      const allocator = device.open();
      const pages = allocator.allocate(0, { pages: 3 });
      faults.fail("endAccess", { afterPages, error: boom });
      expect(grantError(() => pages.free())).toMatchObject({ code: "backend-failed", operation: "free", cause: boom });
      expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
      xen.assertClean();
      // Their references are used again before the library knows.
      const next = allocator.allocate(0, { pages: 3 });
      expect(new Set(next.grefs)).toEqual(new Set(pages.grefs));
      expect(next.page).toBe(3);
      expect(device.inspect()).toMatchObject({ live: 3, pending: 0 });
      expect(below("endAccess")).toEqual([3]);
      finish();
    });
  }

  test("after it was done, several times, loses nothing", () => {
    const { faults, device, mapper, finish, below } = faultyMachine();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 4 });
    const theirs = mapper.map(1, [pages.grefs[2]!]);
    faults.fail("endAccess", { when: "after", times: 2, error: boom });
    faults.fail("endAccess", { nth: 3, error: boom });
    expect(grantError(() => pages.free()).cause).toBe(boom);
    expect(grantError(() => allocator.close()).cause).toBe(boom);
    // The second attempt reaches the machine only for the page that the peer holds, and the third not at all.
    device.open().close();
    expect(below("endAccess")).toEqual([4, 1]);
    expect(device.inspect()).toMatchObject({ live: 4, pending: 4 });
    device.open().close();
    expect(device.inspect()).toMatchObject({ live: 1, pending: 1 });
    theirs.unmap();
    finish();
  });

  test("when the last mapping ends has the operation of that call", () => {
    const { faults, device, finish } = faultyMachine();
    const allocator = device.open();
    const view = allocator.allocate(0).map();
    allocator.free(0, 1);
    expect(faults.calls("endAccess")).toBe(0);
    faults.fail("endAccess", { times: 2, error: boom });
    expect(grantError(() => view.unmap())).toMatchObject({ code: "backend-failed", operation: "unmap", cause: boom });
    expect(grantError(() => allocator.close())).toMatchObject({
      code: "backend-failed",
      operation: "close",
      cause: boom,
    });
    expect(device.inspect()).toMatchObject({ live: 1, mapped: 0, pending: 1 });
    finish();
  });
});

test("an unmap notify whose change fails after it was made is set back", () => {
  const { faults, device, mapper, finish } = faultyMachine();
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 3, writable: true });
  allocator.setUnmapNotify(0, { clearByte: 1 });
  faults.fail("notify", { when: "after", times: 2, error: boom });
  expect(grantError(() => allocator.setUnmapNotify(0, { clearByte: 2 }))).toMatchObject({
    operation: "notify",
    cause: boom,
  });
  grantError(() => allocator.setUnmapNotify(1, { clearByte: 3 }));
  allocator.setUnmapNotify(2, { clearByte: 4 });
  const theirs = mapper.map(1, pages.grefs, { writable: true });
  theirs.bytes.fill(9);
  pages.free();
  expect([theirs.bytes[1], theirs.bytes[2], theirs.bytes[4096 + 3], theirs.bytes[8192 + 4]]).toEqual([0, 9, 9, 0]);
  theirs.unmap();
  finish();
});

test("a mapping of two parts of which the second fails, before or after it was mapped", () => {
  for (const when of ["before", "after"] as const) {
    const { faults, device, finish, below } = faultyMachine();
    const allocator = device.open();
    allocator.allocate(0, { pages: 2 });
    allocator.allocate(0, { pages: 2 });
    faults.fail("map", { nth: 2, when, error: boom });
    expect(grantError(() => allocator.map(0, 4))).toMatchObject({ operation: "map", cause: boom });
    expect(device.inspect()).toMatchObject({ mapped: 0, live: 4 });
    expect(below("unmap").length).toBe(when === "before" ? 1 : 2);
    const view = allocator.map(0, 4);
    // If both parts fail to unmap, both are gone, and the first error is thrown.
    faults.fail("unmap", { error: boom });
    faults.fail("unmap", { nth: 2 });
    expect(grantError(() => view.unmap())).toMatchObject({ operation: "unmap", cause: boom });
    expect(faults.injected("unmap")).toBe(2);
    expect(device.inspect()).toMatchObject({ mapped: 0 });
    finish();
  }
});

test("an unmap of the peer that does not reach the machine holds the pages until `releaseAll()`", () => {
  const { faults, device, mapper, finish } = faultyMachine("linux-5.16");
  const pages = device.open().allocate(0, { pages: 2 });
  const theirs = mapper.map(1, pages.grefs);
  faults.fail("unmap", { part: "maps", when: "before" });
  faults.fail("close", { part: "maps", when: "before", error: boom });
  expect(grantError(() => theirs.unmap()).cause).toBeInstanceOf(InjectedFault);
  expect(grantError(() => mapper.close()).cause).toBe(boom);
  pages.free();
  expect([faults.unreleased, device.inspect().pending]).toEqual([2, 2]);
  faults.releaseAll();
  expect(faults.unreleased).toBe(0);
  device.open().close();
  expect(device.inspect().pending).toBe(0);
  finish();
});

test("`releaseAll()` goes on after an error, and throws the first", () => {
  const faults = new Faults();
  let unmaps = 0;
  const unmap = () => {
    unmaps++;
    throw boom;
  };
  const mapper = new GrantMapper(faults.wrap({ maps: mapBackend({ map: () => peerMemory({ unmap }) }) }));
  faults.fail("unmap", { when: "before", times: Infinity });
  for (const mapping of [mapper.map(1, [8]), mapper.map(1, [9])]) grantError(() => mapping.unmap());
  expect([faults.unreleased, unmaps]).toEqual([2, 0]);
  expect(() => faults.releaseAll()).toThrow(boom);
  expect([faults.unreleased, unmaps]).toEqual([0, 2]);
  faults.releaseAll();
});

test("an inner backend that returns no memory, or fails to undo a call: the caller gets the fault", () => {
  const faults = new Faults();
  const mapper = new GrantMapper(faults.wrap({ maps: mapBackend({ map: () => NO_MEMORY }) }));
  expect(grantError(() => mapper.map(1, [8])).code).toBe("backend-failed");
  expect(faults.calls("unmap")).toBe(0);
  faults.fail("map", { when: "after", error: boom });
  expect(grantError(() => mapper.map(1, [8])).cause).toBe(boom);
});

test("a page that is granted again under the same index is not taken for the earlier one", () => {
  const xen = new MockXen();
  const faults = new Faults();
  const file = faults.wrap(xen.domain(1)).grants.open();
  const grefs = new Uint32Array(1);
  const grant = () => file.grant(0, 1, 0, true, grefs.fill(0));

  grant();
  file.setUnmapNotify(0, grefs[0]!, { clearByte: 1 });
  faults.fail("endAccess", { when: "after", error: boom });
  expect(() => file.endAccess(0, 1, grefs)).toThrow(boom);
  xen.assertClean();
  expect(file.endAccess(0, 1, grefs)).toEqual([]);

  grant();
  faults.fail("notify", { when: "after", error: boom });
  expect(() => file.setUnmapNotify(0, grefs[0]!, { clearByte: 2 })).toThrow(boom);
  const theirs = xen.domain(0).maps.open().map(1, [...grefs], true);
  theirs.bytes.fill(9);
  expect(file.endAccess(0, 1, grefs)).toEqual([]);
  expect([theirs.bytes[1], theirs.bytes[2]]).toEqual([9, 9]);
  theirs.unmap();
  xen.assertClean();
});
