/** What the library sees of a domain that is destroyed. */
import { describe, expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

describe("`destroy()`", () => {
  test("of the granter leaves its other grants to the peer, even after the program frees them", () => {
    const { xen, device, mapper } = brokenDevice();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 2 });
    const theirs = mapper.map(1, [pages.grefs[0]!]);
    xen.domain(1).destroy();
    pages.free({ start: 1, count: 1 });
    mapper.map(1, [pages.grefs[1]!]).unmap();
    expect(grantError(() => pages.setUnmapNotify({})).code).toBe("closed");
    theirs.unmap();
    device.close();
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
