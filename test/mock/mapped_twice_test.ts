/** A page that the peer maps twice: only the end of its last mapping releases the page (XSA-218). */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";

test.each(["linux-5.16", "linux-6.1"] as const)("the first of two unmaps releases nothing, with %s", (profile) => {
  const xen = new MockXen({ profile });
  const device = new GrantDevice(xen.domain(1));
  const mapper = new GrantMapper(xen.domain(0));
  const allocator = device.open();
  const pages = allocator.allocate(0, { writable: true });
  const first = mapper.map(1, pages.grefs, { writable: true });
  const second = mapper.map(1, pages.grefs, { writable: true });
  first.bytes[0] = 7;
  pages.free();
  first.unmap();
  // Neither the reference nor the memory goes to the next page.
  const next = allocator.allocate(0);
  expect(next.grefs).not.toEqual(pages.grefs);
  const view = next.map();
  second.bytes[1] = 8;
  expect([...second.read(0, 2)]).toEqual([7, 8]);
  expect([...view.read(0, 2)]).toEqual([0, 0]);
  second.unmap();
  // With `linux-5.16`, the next operation ends access.
  allocator.allocate(0).free();
  expect(() => mapper.map(1, pages.grefs)).toThrow(expect.objectContaining({ code: "map-refused" }));
  view.unmap();
  device.close();
  xen.assertClean();
});
