/** Allocations of unusual sizes and references. */
import { expect, test } from "vitest";
import type { GrantBackend } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";
import { debugCore } from "../support/debug_core.ts";

test("`allocate()` refuses a huge allocation, and keeps no memory for it", () => {
  const backend: GrantBackend = new MockXen({ limit: Infinity }).domain(1).grants;
  const device = new GrantDevice({ grants: backend });
  const allocator = device.open();
  const before = Deno.memoryUsage().rss;
  for (const pages of [1e8, 0xffff_ffff]) {
    expect(grantError(() => allocator.allocate(0, { pages })).code).toBe("no-memory");
  }
  expect(Deno.memoryUsage().rss - before).toBeLessThan(100e6);
  expect(allocator.allocate(0).page).toBe(0);
});

test("`allocate()` makes one allocation of more pages than the core takes at once, and `map()` one part of it", () => {
  const xen = new MockXen({ limit: Infinity });
  const device = new GrantDevice(xen.domain(1), { core: debugCore });
  const allocator = device.open();
  const first = allocator.allocate(0, { pages: 9000 });
  const second = allocator.allocate(0, { pages: 3 });
  const view = first.map();
  expect(view.bytes.length).toBe(9000 * 4096);
  view.unmap();
  const part = allocator.map(8999, 3);
  expect([part.count, ...part.parts.map((piece) => piece.length)]).toEqual([3, 4096, 8192]);
  part.unmap();
  expect(new Set([...first.grefs, ...second.grefs]).size).toBe(9003);
  allocator.free(10, 8000);
  device.close();
  xen.assertClean();
});

test("`allocate()`, `map()` and `free()` keep references from 2³¹ on as they are", () => {
  const seen: number[] = [];
  const high = 0xffff_fff0;
  const { device } = brokenDevice(() => ({
    grant: (_page, _count, _domid, _writable, grefs) => void grefs.fill(high, 0, 1),
    map(_page, _count, gref) {
      seen.push(gref);
      return { bytes: new Uint8Array(4096), unmap() {} };
    },
    setUnmapNotify: (_page, gref) => void seen.push(gref),
    endAccess(_page, _count, grefs) {
      seen.push(grefs[0]!);
      return [];
    },
  }));
  const pages = device.open().allocate(0);
  pages.map().unmap();
  pages.setUnmapNotify({});
  pages.free();
  expect([...pages.grefs, ...seen]).toEqual([high, high, high, high]);
});
