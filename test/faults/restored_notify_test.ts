/** Unmap notifies that are put back when setting another one fails after it was set. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantMapper } from "../../mod.ts";
import { boom } from "../support/faulty_machine.ts";

describe("the unmap notify of a page that is no longer granted is not put back on the next page of its index", () => {
  test.each([
    ["access to the whole run has ended", 1],
    ["access to the first page of the run has ended", 2],
  ])("after %s", (_when, count) => {
    const xen = new MockXen();
    const faults = new Faults();
    const file = faults.wrap(xen.domain(1)).grants.open();
    const grefs = new Uint32Array(2);
    file.grant(0, count, 0, true, grefs);
    file.setUnmapNotify(0, grefs[0]!, { clearByte: 5 });
    if (count === 2) faults.fail("endAccess", { afterPages: 1 });
    expect(file.endAccess(0, count, grefs)).toEqual(count === 2 ? [1] : []);

    // A caller of its own may use an index again.
    const next = new Uint32Array(1);
    file.grant(0, 1, 0, true, next);
    faults.fail("notify", { when: "after", error: boom });
    expect(() => file.setUnmapNotify(0, next[0]!, { clearByte: 9 })).toThrow(boom);
    using theirs = new GrantMapper(xen.domain(0)).map(1, [next[0]!], { writable: true });
    theirs.bytes.fill(1, 0, 10);
    file.endAccess(0, 1, next);
    expect([theirs.bytes[5], theirs.bytes[9]]).toEqual([1, 1]);
  });
});

test("the unmap notify of a page whose neighbour is no longer granted is put back, and not that of the neighbour", () => {
  const xen = new MockXen();
  const faults = new Faults();
  const file = faults.wrap(xen.domain(1)).grants.open();
  const grefs = new Uint32Array(2);
  file.grant(0, 2, 0, true, grefs);
  for (const page of [0, 1]) file.setUnmapNotify(page, grefs[page]!, { clearByte: 5 });
  using theirs = new GrantMapper(xen.domain(0)).map(1, [grefs[0]!], { writable: true });
  const peer = faults.hold({ grefs: [grefs[0]!] });
  expect(file.endAccess(0, 2, grefs)).toEqual([0]);
  peer.clear();

  const next = new Uint32Array(1);
  file.grant(1, 1, 0, true, next);
  using theirNext = new GrantMapper(xen.domain(0)).map(1, [next[0]!], { writable: true });
  for (const [page, gref] of [[0, grefs[0]!], [1, next[0]!]] as const) {
    faults.fail("notify", { when: "after", error: boom });
    expect(() => file.setUnmapNotify(page, gref, { clearByte: 9 })).toThrow(boom);
  }
  for (const { bytes } of [theirs, theirNext]) bytes.fill(1, 0, 10);
  file.endAccess(0, 1, grefs);
  file.endAccess(1, 1, next);
  expect([theirs.bytes[5], theirs.bytes[9], theirNext.bytes[5], theirNext.bytes[9]]).toEqual([0, 1, 1, 1]);
});
