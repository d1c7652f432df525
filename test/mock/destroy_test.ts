/** What the library sees of a domain that is destroyed. */
import { describe, expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

describe("`destroy()`", () => {
  test("of the granter leaves the peer the pages that it maps, even after the program frees others", () => {
    const { xen, device, mapper } = brokenDevice();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 2 });
    const theirs = mapper.map(1, [pages.grefs[0]!]);
    xen.domain(1).destroy();
    pages.free({ start: 1, count: 1 });
    mapper.map(1, [pages.grefs[0]!]).unmap();
    expect(grantError(() => pages.setUnmapNotify({})).code).toBe("closed");
    theirs.unmap();
    device.close();
    xen.assertClean();
  });

  test("of the granter takes the pages that nobody maps", () => {
    const { xen, device, mapper } = brokenDevice();
    const pages = device.open().allocate(0, { pages: 3 });
    const [first, second, third] = pages.grefs as [number, number, number];
    const theirs = [first, second].map((gref) => mapper.map(1, [gref]));
    xen.domain(1).destroy();
    for (const gref of [third, 8 + 504]) {
      expect(grantError(() => mapper.map(1, [second, gref]))).toMatchObject({
        code: "map-refused",
        message: `Cannot map: domain 1 was destroyed, and nobody maps reference ${gref} any more.`,
      });
    }
    const copy = (gref: number) => mapper.copy([{ from: { domid: 1, gref, offset: 0 }, to: new Uint8Array(1) }]);
    expect([...copy(second), ...copy(third)]).toEqual(["bad_domain", "bad_page"]);
    theirs[1]!.unmap();
    expect(copy(second)).toEqual(["bad_page"]);
    theirs[0]!.unmap();
    expect(copy(second)).toEqual(["bad_domain"]);
    xen.assertClean();
  });

  test("of the peer lets go of what it held", () => {
    const { xen, device, mapper } = brokenDevice();
    const pages = device.open().allocate(0);
    mapper.map(1, pages.grefs);
    pages.free();
    expect(device.inspect().pending).toBe(1);
    xen.domain(0).destroy();
    device.close();
    expect(device.inspect().pending).toBe(0);
    xen.assertClean();
  });
});
