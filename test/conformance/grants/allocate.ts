import { PAGE_SIZE } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../asserts.ts";
import { NO_ROOM, type Tests } from "./setup.ts";

/** What `allocate` does. */
export const allocate: Tests = {
  "gives zeroed pages, and a reference for each"({ device, target }) {
    const pages = device.open().allocate(target.peerDomid, { pages: 3 });
    assertEquals(pages.count, 3);
    assertEquals(pages.grefs.length, 3);
    assertEquals(new Set(pages.grefs).size, 3);
    assert(pages.grefs.every((gref) => Number.isInteger(gref) && gref >= 8), "references below 8 are reserved");
    assertEquals(pages.domid, target.peerDomid);
    assertEquals(pages.writable, false);
    const view = pages.map();
    assertEquals(view.bytes.length, 3 * PAGE_SIZE);
    assert(view.bytes.every((byte) => byte === 0), "fresh pages are zeroed");
    view.unmap();
  },
  "allocates one page unless told otherwise"({ device, target }) {
    assertEquals(device.open().allocate(target.peerDomid).count, 1);
  },
  "numbers pages from 0, one after another, and never again"({ device, share }) {
    const allocator = device.open();
    assertEquals(share(allocator, 4).page, 0);
    const second = share(allocator, 4);
    assertEquals(second.page, 4);
    second.free();
    assertEquals(share(allocator).page, 8);
  },
  "does not move the index when it fails"({ device, share, target }) {
    target.setLimit(8);
    const allocator = device.open();
    share(allocator);
    assertRefused(() => share(allocator, 9), ...NO_ROOM);
    assertRefused(() => share(allocator, 8), ...NO_ROOM);
    assertEquals(share(allocator, 7).page, 1);
  },
  "keeps the pages of allocators apart"({ device, share }) {
    const first = device.open();
    const second = device.open();
    assertEquals(share(first, 2).page, 0);
    const pages = share(second, 2);
    assertEquals(pages.page, 0);
    pages.free();
    assertRefused(() => pages.free(), "not-found");
    assertRefused(() => second.map(0, 1), "not-found");
    assert(first.has(0, 2), "the other allocator's pages are untouched");
  },
  "gives zeroed pages again after pages were written and freed"({ device, share }) {
    const allocator = device.open();
    for (let round = 0; round < 3; round++) {
      const pages = share(allocator, 16);
      const view = pages.map();
      assert(view.bytes.every((byte) => byte === 0), `pages of round ${round} are zeroed`);
      view.bytes.fill(0xff);
      view.unmap();
      pages.free();
    }
  },
  "uses references again"({ device, share }) {
    const allocator = device.open();
    const used = new Set<number>();
    for (let round = 0; round < 2000; round++) {
      const pages = share(allocator);
      for (const gref of pages.grefs) used.add(gref);
      pages.free();
    }
    assert(used.size < 100, `${used.size} references were used for one page at a time`);
  },
  "shares many pages at once, each with its own reference and memory"({ device, share, mapAsPeer }) {
    const pages = share(device.open(), 200);
    assertEquals(new Set(pages.grefs).size, 200);
    const ours = pages.map();
    for (let page = 0; page < 200; page++) ours.bytes[page * PAGE_SIZE] = page + 1;
    const theirs = mapAsPeer(pages.grefs);
    for (let page = 0; page < 200; page++) assertEquals(theirs.bytes[page * PAGE_SIZE], page + 1);
    theirs.unmap();
    ours.unmap();
  },
};
