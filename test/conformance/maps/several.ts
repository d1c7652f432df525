import { PAGE_SIZE, type SharedPages, type WritableMapping } from "../../../mod.ts";
import { assertEquals, assertRefused } from "../asserts.ts";
import type { MapperTests } from "./setup.ts";

/** Writes each page's own number to its beginning. */
function number(pages: SharedPages, first: number): void {
  const view = pages.map();
  for (let page = 0; page < pages.count; page++) view.bytes[page * PAGE_SIZE] = first + page;
  view.unmap();
}

/** Mapping pages that lie apart, or are of several domains, next to each other. */
export const several: MapperTests = {
  "maps pages that lie apart, in the given order"({ device, share, mapper, target, joinsPages }) {
    const allocator = device.open();
    const first = share(allocator, 3);
    const second = share(allocator, 2);
    number(first, 10);
    number(second, 20);
    const domid = target.granterDomid;
    const [a, , c] = first.grefs as [number, number, number];
    const [d, e] = second.grefs as [number, number];
    const grants = [e, a, d, c].map((gref) => ({ domid, gref }));
    const theirs = mapper.mapGrants(grants, { writable: true });
    assertEquals(theirs.count, 4);
    assertEquals([0, 1, 2, 3].map((page) => theirs.read(page * PAGE_SIZE, 1)[0]), [21, 10, 20, 12]);
    assertEquals(theirs.parts.reduce((sum, { length }) => sum + length, 0), 4 * PAGE_SIZE);
    if (joinsPages) {
      assertEquals(theirs.parts.length, 1);
      theirs.bytes[2 * PAGE_SIZE - 1] = 1;
      theirs.bytes[2 * PAGE_SIZE + 1] = 2;
    } else {
      assertRefused(() => theirs.bytes, "unsupported");
      theirs.parts[1]![PAGE_SIZE - 1] = 1;
      theirs.parts[2]![1] = 2;
    }
    assertEquals([...theirs.read(2 * PAGE_SIZE - 1, 3)], [1, 20, 2]);
    const ours = allocator.map(0, 5);
    assertEquals([ours.read(PAGE_SIZE - 1, 1)[0], ours.read(3 * PAGE_SIZE + 1, 1)[0]], [1, 2]);
    ours.unmap();
    theirs.unmap();
    assertEquals(theirs.parts.length, 0);
  },
  "reads across parts without write access"({ device, share, mapper, target }) {
    const allocator = device.open();
    const first = share(allocator);
    share(allocator);
    const third = share(allocator);
    number(third, 7);
    const grefs = [first.grefs[0]!, third.grefs[0]!];
    const theirs = mapper.map(target.granterDomid, grefs);
    assertEquals([...theirs.read(PAGE_SIZE - 1, 3)], [0, 7, 0]);
    // A read-only mapping hands out no memory, not even to untyped code.
    assertRefused(() => (theirs as unknown as WritableMapping).bytes, "unsupported");
    assertRefused(() => (theirs as unknown as WritableMapping).parts, "unsupported");
    theirs.unmap();
  },
  "maps one page twice in one mapping"({ device, share, mapper, target }) {
    const [gref] = share(device.open()).grefs as [number];
    const theirs = mapper.map(target.granterDomid, [gref, gref], { writable: true });
    theirs.parts[0]![5] = 9;
    assertEquals([...theirs.read(PAGE_SIZE + 5, 1)], [9]);
    theirs.unmap();
  },
  "maps all of them, or none"({ device, share, mapper, target }) {
    const allocator = device.open();
    const pages = share(allocator, 2);
    const [first, second] = pages.grefs as [number, number];
    pages.free({ start: 1, count: 1 });
    const domid = target.granterDomid;
    const live = { domid, gref: first };
    for (const bad of [{ domid, gref: second }, { domid, gref: 0xffff_ffff }, { domid: 0x7fef, gref: first }]) {
      assertRefused(() => mapper.mapGrants([live, bad]), "map-refused");
      assertRefused(() => mapper.mapGrants([bad, live]), "map-refused");
    }
    const readOnly = allocator.allocate(target.peerDomid);
    const grants = [live, { domid, gref: readOnly.grefs[0]! }];
    assertRefused(() => mapper.mapGrants(grants, { writable: true }), "map-refused");
    mapper.mapGrants(grants).unmap();
    // Nobody holds the page, so access to it ends at once.
    pages.free();
    assertRefused(() => mapper.mapGrants([live]), "map-refused");
  },
  "maps many pages of many allocations"({ device, share, mapper, target }) {
    const allocator = device.open();
    const grants = [];
    for (let round = 0; round < 60; round++) {
      const pages = share(allocator);
      number(pages, round + 1);
      grants.unshift({ domid: target.granterDomid, gref: pages.grefs[0]! });
    }
    const theirs: WritableMapping = mapper.mapGrants(grants, { writable: true });
    for (let page = 0; page < 60; page++) assertEquals(theirs.read(page * PAGE_SIZE, 1)[0], 60 - page);
    theirs.unmap();
  },
};
