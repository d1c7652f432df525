import { PAGE_SIZE } from "../../../mod.ts";
import { assertEquals, assertRefused, assertThrows } from "../asserts.ts";
import { type Tests, UNBOUND_PORT } from "./setup.ts";

/** Granting and mapping in one step. */
export const share: Tests = {
  "grants and maps pages, and releases both"({ device, target, mapAsPeer }) {
    const share = device.open().share(target.peerDomid, { pages: 3, writable: true });
    assertEquals([share.domid, share.writable, share.page, share.count], [target.peerDomid, true, 0, 3]);
    assertEquals([share.grefs.length, share.bytes.length], [3, 3 * PAGE_SIZE]);
    const theirs = mapAsPeer(share.grefs);
    share.bytes[2 * PAGE_SIZE] = 1;
    assertEquals(theirs.read(2 * PAGE_SIZE, 1)[0], 1);
    theirs.unmap();
    share.release();
    assertEquals([share.bytes.length, share.mapping.unmapped], [0, true]);
    const { live, mapped, listed } = device.inspect();
    assertEquals([live, mapped, listed], [0, 0, 0]);
    share.release();
    share[Symbol.dispose]();
  },
  "shares one page, read-only, by default"({ device, target, mapper, mapAsPeer }) {
    const share = device.open().share(target.peerDomid);
    assertEquals([share.count, share.writable], [1, false]);
    share.bytes[0] = 1;
    assertRefused(() => mapAsPeer(share.grefs), "map-refused");
    const theirs = mapper.map(target.granterDomid, share.grefs);
    assertEquals(theirs.read(0, 1)[0], 1);
    theirs.unmap();
    share.release();
  },
  "releases what is left when some pages were freed, or the mapping was ended"({ device, target }) {
    const share = device.open().share(target.peerDomid, { pages: 3 });
    share.pages.free({ start: 1, count: 1 });
    share.mapping.unmap();
    share.release();
    assertEquals(device.inspect().live, 0);
  },
  "clears a byte of the share when it is released"({ device, target, mapAsPeer }) {
    const clearByte = PAGE_SIZE + 5;
    const share = device.open().share(target.peerDomid, { pages: 2, writable: true, unmapNotify: { clearByte } });
    const theirs = mapAsPeer(share.grefs);
    theirs.bytes.fill(1);
    share.release();
    assertEquals([5, PAGE_SIZE + 4, clearByte, PAGE_SIZE + 6].map((byte) => theirs.bytes[byte]), [1, 1, 0, 1]);
    theirs.unmap();
  },
  "leaves nothing if the notify is refused"({ device, target }) {
    const allocator = device.open();
    const unmapNotify = { clearByte: 0, eventPort: UNBOUND_PORT };
    assertRefused(() => allocator.share(target.peerDomid, { pages: 2, unmapNotify }), "notify-refused");
    const { live, mapped, pending } = device.inspect();
    assertEquals([live, mapped, pending], [0, 0, 0]);
  },
  "checks its arguments before anything is allocated"({ device, target }) {
    const allocator = device.open();
    const bad = (options: object) => () => allocator.share(target.peerDomid, options);
    assertThrows(() => allocator.share(0x7ff0), RangeError, "Cannot share", "`domid`", "32752");
    assertThrows(bad({ pages: 0 }), RangeError, "`pages`");
    assertThrows(bad({ writable: 1 }), TypeError, "`writable`");
    assertThrows(bad({ unmapNotify: 5 }), TypeError, "`notify`");
    assertThrows(bad({ pages: 2, unmapNotify: { clearByte: 2 * PAGE_SIZE } }), RangeError, "`clearByte`", "8191");
    assertThrows(bad({ unmapNotify: { eventPort: -1 } }), RangeError, "`eventPort`");
    assertEquals(allocator.allocate(target.peerDomid).page, 0);
    allocator.close();
    assertRefused(() => allocator.share(target.peerDomid), "closed");
  },
};
