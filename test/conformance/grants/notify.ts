import { PAGE_SIZE } from "../../../mod.ts";
import { assertEquals, assertRefused } from "../asserts.ts";
import { type Tests, UNBOUND_PORT } from "./setup.ts";

/** The unmap notify of a page, as far as it clears a byte. */
export const notify: Tests = {
  "clears the byte when the page goes, even under the peer's eyes"({ device, share, mapAsPeer }) {
    const pages = share(device.open());
    pages.setUnmapNotify({ clearByte: PAGE_SIZE - 1 });
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes[PAGE_SIZE - 1] = 200;
    const ours = pages.map();
    pages.free();
    assertEquals(theirs.bytes[PAGE_SIZE - 1], 200);
    ours.unmap();
    assertEquals(theirs.bytes[PAGE_SIZE - 1], 0);
    theirs.bytes[PAGE_SIZE - 1] = 1;
    device.open().close();
    assertEquals(theirs.bytes[PAGE_SIZE - 1], 1, "it fires once");
    theirs.unmap();
  },
  "clears the byte when the allocator is closed"({ device, share, mapAsPeer }) {
    const allocator = device.open();
    const pages = share(allocator, 2);
    pages.setUnmapNotify({ clearByte: 7 }, 1);
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes[7] = 5;
    theirs.bytes[PAGE_SIZE + 7] = 5;
    allocator.close();
    assertEquals([theirs.bytes[7], theirs.bytes[PAGE_SIZE + 7]], [5, 0]);
    theirs.unmap();
  },
  "does what was set last, and nothing once it is cancelled"({ device, share, mapAsPeer }) {
    const pages = share(device.open(), 2);
    pages.setUnmapNotify({ clearByte: 1 });
    pages.setUnmapNotify({ clearByte: 2 });
    pages.setUnmapNotify({ clearByte: 1 }, 1);
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes.fill(9);
    device.open(); // any page's end but these
    const allocator = device.inspect().allocators[0]!;
    assertEquals(allocator.listed, 2);
    pages.free({ start: 0, count: 1 });
    assertEquals([theirs.bytes[1], theirs.bytes[2]], [9, 0]);
    pages.setUnmapNotify({ clearByte: 3 }, 1);
    theirs.bytes[PAGE_SIZE] = 0;
    pages.free();
    assertEquals([theirs.bytes[PAGE_SIZE + 1], theirs.bytes[PAGE_SIZE + 3]], [9, 0]);
    theirs.unmap();
  },
  "is cancelled by an empty one"({ device, share, mapAsPeer }) {
    const pages = share(device.open());
    pages.setUnmapNotify({ clearByte: 4 });
    pages.setUnmapNotify({});
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes[4] = 6;
    pages.free();
    assertEquals(theirs.bytes[4], 6);
    theirs.unmap();
  },
  "is refused for a page that is not there, and for a port that is not bound"({ device, share, mapAsPeer }) {
    const allocator = device.open();
    const pages = share(allocator, 2);
    pages.setUnmapNotify({ clearByte: 3 });
    assertRefused(() => allocator.setUnmapNotify(2, { clearByte: 0 }), "not-found");
    assertRefused(() => pages.setUnmapNotify({ clearByte: 0, eventPort: UNBOUND_PORT }), "notify-refused");
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes.fill(1);
    pages.free();
    assertEquals([theirs.bytes[0], theirs.bytes[3]], [1, 0], "what was set before the refusal stays");
    assertRefused(() => pages.setUnmapNotify({ clearByte: 0 }), "not-found");
    theirs.unmap();
  },
};
