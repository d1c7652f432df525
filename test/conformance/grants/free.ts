import { PAGE_SIZE } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../asserts.ts";
import { NO_ROOM, type Tests } from "./setup.ts";

/** What `free` does. */
export const free: Tests = {
  "frees a part of an allocation, and the rest stays"({ device, share }) {
    const pages = share(device.open(), 6);
    pages.free({ start: 2, count: 1 });
    assertEquals(device.inspect().live, 5);
    assertRefused(() => pages.map(), "not-found");
    const view = pages.map({ start: 0, count: 2 });
    assertRefused(() => pages.free({ start: 0, count: 6 }), "not-found");
    assertRefused(() => pages.free({ start: 1, count: 3 }), "not-found");
    pages.free({ start: 3, count: 3 });
    pages.free({ start: 0, count: 2 });
    assertEquals(device.inspect().live, 2);
    view.unmap();
    assertEquals(device.inspect().live, 0);
  },
  "frees a run across allocations"({ device, share }) {
    const allocator = device.open();
    share(allocator, 4);
    share(allocator, 4);
    allocator.free(3, 2);
    assert(allocator.has(0, 3) && allocator.has(5, 3), "the pages around it stay");
    assert(!allocator.has(3, 1) && !allocator.has(4, 1), "the pages in it are gone");
    assertEquals(device.inspect().live, 6);
  },
  "refuses pages that were freed, or never allocated, and changes nothing"({ device, share, target }) {
    const allocator = device.open();
    assertRefused(() => allocator.free(0, 1), "not-found");
    share(allocator, 4);
    allocator.free(1, 1);
    for (const [page, count] of [[1, 1], [0, 2], [0, 4], [3, 2], [4, 1], [7, 1], [2 ** 40, 1], [0, 0xffff_ffff]]) {
      assertRefused(() => allocator.free(page!, count!), "not-found");
      assertEquals(device.inspect().live, 3);
    }
    allocator.free(0, 1);
    allocator.free(2, 2);
    assertEquals(device.inspect().live, 0);
    assertEquals(allocator.allocate(target.peerDomid).page, 4);
  },
  "frees what is left when nothing else is said"({ device, share }) {
    const pages = share(device.open(), 5);
    pages.free({ start: 1, count: 1 });
    pages.free({ start: 3, count: 1 });
    pages.free();
    assertEquals(device.inspect().live, 0);
    assertRefused(() => pages.free(), "not-found");
    pages[Symbol.dispose]();
    pages[Symbol.dispose]();
  },
  "leaves mapped pages alive, out of reach, until the last mapping ends"({ target, device, share }) {
    target.setLimit(8);
    const allocator = device.open();
    const pages = share(allocator, 4);
    const view = pages.map();
    view.bytes[0] = 42;
    pages.free();
    assertRefused(() => pages.map({ count: 1 }), "not-found");
    assertEquals(view.bytes[0], 42);
    assertEquals(share(allocator, 4).page, 4);
    assertRefused(() => share(allocator), ...NO_ROOM);
    view.unmap();
    assertEquals(share(allocator).page, 8);
  },
  "of an allocation counts from its own first page"({ device, share, mapAsPeer }) {
    const allocator = device.open();
    share(allocator, 3);
    const pages = share(allocator, 4);
    assertEquals(pages.page, 3);
    pages.setUnmapNotify({ clearByte: 5 }, 2);
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes.fill(1);
    const view = pages.map({ start: 1, count: 2 });
    view.bytes[0] = 9;
    assertEquals(theirs.bytes[PAGE_SIZE], 9);
    view.unmap();
    pages.free({ start: 2, count: 1 });
    assertEquals([...theirs.read(2 * PAGE_SIZE + 4, 3)], [1, 0, 1]);
    assert(allocator.has(0, 5) && !allocator.has(5, 1) && allocator.has(6, 1), "page 5 alone is gone");
    theirs.unmap();
    pages.free();
    assert(allocator.has(0, 3) && !allocator.has(3, 1), "the first allocation stays");
  },
  "works across the borders of 64 pages"({ device, share }) {
    const allocator = device.open();
    share(allocator, 60);
    share(allocator, 140);
    allocator.free(63, 66);
    assertEquals(device.inspect().live, 134);
    assert(allocator.has(0, 63) && allocator.has(129, 71), "the pages around it stay");
    assert(!allocator.has(0, 64) && !allocator.has(128, 72), "the pages in it are gone");
    const view = allocator.map(130, 70);
    view.bytes[70 * PAGE_SIZE - 1] = 7;
    allocator.free(0, 63);
    allocator.free(129, 71);
    assertEquals(device.inspect().live, 70);
    view.unmap();
    assertEquals(device.inspect().live, 0);
  },
};
