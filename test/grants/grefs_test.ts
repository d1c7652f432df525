import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { firstGref, keepGrefs, listGrefs } from "../../src/grants/grefs.ts";

/** References as an allocation keeps and lists them. */
function kept(...grefs: number[]) {
  const buffer = Uint32Array.from([...grefs, 7, 7]);
  const kept = keepGrefs(buffer, grefs.length);
  buffer.fill(0);
  expect(firstGref(kept)).toBe(grefs[0]);
  return kept;
}

describe("references are listed as they were granted:", () => {
  test.each([
    ["one", [4_294_967_295], "number"],
    ["ascending", [8, 9, 10, 11], "number"],
    ["descending", [11, 10, 9, 8], "number"],
    ["descending from the highest number", [4_294_967_295, 4_294_967_294], "number"],
    ["up and then down", [8, 9, 8], "object"],
    ["down and then up", [9, 8, 9], "object"],
    ["two apart", [8, 10, 12], "object"],
    ["ascending, except the last", [20, 21, 22, 40], "object"],
    ["all the same", [8, 8, 8], "object"],
    ["many", Array.from({ length: 1000 }, (_, index) => 5000 - index), "number"],
  ])("%s", (_, grefs, kind) => {
    const grefsKept = kept(...grefs);
    expect(typeof grefsKept).toBe(kind);
    expect(listGrefs(grefsKept, grefs.length)).toEqual(grefs);
  });
});

test("a caller that changes `grefs` changes nothing else", () => {
  const xen = new MockXen();
  const allocator = new GrantDevice(xen.domain(1)).open();
  for (const pages of [allocator.allocate(0), allocator.allocate(0, { pages: 3 })]) {
    const grefs = pages.grefs as number[];
    expect(pages.grefs).toBe(grefs);
    grefs.fill(5);
    using ours = pages.map();
    ours.bytes[0] = 1;
  }
  allocator.close();
  xen.assertClean();
});
