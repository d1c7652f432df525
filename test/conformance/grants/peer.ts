import { PAGE_SIZE, type WritableMapping } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../asserts.ts";
import type { Tests } from "./setup.ts";

/** What the peer can do, and what it sees. */
export const peer: Tests = {
  "sees what we write, and we see what it writes"({ device, share, mapAsPeer }) {
    const pages = share(device.open(), 2);
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes[5] = 9;
    const ours = pages.map();
    assertEquals(ours.bytes[5], 9);
    ours.bytes[PAGE_SIZE + 6] = 77;
    assertEquals(theirs.bytes[PAGE_SIZE + 6], 77);
    ours.unmap();
    theirs.unmap();
  },
  "maps one page of several"({ device, share, mapAsPeer }) {
    const pages = share(device.open(), 3);
    const theirs = mapAsPeer([pages.grefs[1]!]);
    theirs.bytes[0] = 3;
    const ours = pages.map();
    assertEquals(ours.bytes[PAGE_SIZE], 3);
    ours.unmap();
    theirs.unmap();
  },
  "reads what was granted read-only, and cannot map it for writing"({ device, target, mapper, mapAsPeer }) {
    const pages = device.open().allocate(target.peerDomid);
    assertRefused(() => mapAsPeer(pages.grefs), "map-refused");
    const theirs = mapper.map(target.granterDomid, pages.grefs);
    const ours = pages.map();
    ours.bytes[0] = 1;
    assertEquals([...theirs.read(0, 1)], [1]);
    // A read-only mapping hands out no memory, not even to untyped code.
    assertRefused(() => (theirs as unknown as WritableMapping).bytes, "unsupported");
    ours.unmap();
    theirs.unmap();
  },
  "cannot map a reference that was not granted, or whose access has ended"({ device, share, mapAsPeer }) {
    const pages = share(device.open(), 2);
    const [first, second] = pages.grefs as [number, number];
    pages.free({ start: 1, count: 1 });
    assertRefused(() => mapAsPeer([second]), "map-refused");
    assertRefused(() => mapAsPeer([first, second]), "map-refused");
    assertRefused(() => mapAsPeer([0xffff_ffff]), "map-refused");
    mapAsPeer([first]).unmap();
  },
  "cannot map more references at once than the system takes, 65,536 by default"({ device, share, mapper, target }) {
    const [gref] = share(device.open()).grefs as [number];
    const { message } = assertRefused(
      () => mapper.map(target.granterDomid, new Array<number>(65_537).fill(gref)),
      "map-refused",
    );
    assert(message.includes("Map fewer at a time"), message);
    assertEquals(mapper.inspect().mappings, 0);
  },
  "cannot map what was granted to another domain"({ device, target, mapAsPeer }) {
    const pages = device.open().allocate(target.peerDomid + 77, { writable: true });
    assertRefused(() => mapAsPeer(pages.grefs), "map-refused");
  },
  "keeps its mapping when we let go, and may map the page again meanwhile"({ device, share, mapAsPeer }) {
    const pages = share(device.open());
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes[0] = 8;
    pages.free();
    assertEquals(theirs.bytes[0], 8);
    const again = mapAsPeer(pages.grefs);
    again.bytes[0] = 9;
    assertEquals(theirs.bytes[0], 9);
    theirs.unmap();
    again.unmap();
  },
  "leaves a page that we let go of counted, or not, as the system has it"({ another, share, mapAsPeer, target }) {
    target.setLimit(8);
    const device = another();
    const allocator = device.open();
    const pages = share(allocator, 2);
    const theirs = mapAsPeer([pages.grefs[0]!]);
    pages.free();
    if (target.heldPagesCount) {
      assertEquals(device.inspect().pending, 1);
      const error = assertRefused(() => share(allocator, 8), "kernel-limit-reached");
      assert(error.message.includes("1 of them freed but still mapped by the peer"), error.message);
      share(allocator, 7).free();
      theirs.unmap();
      assertEquals(device.inspect().pending, 1);
    }
    assertEquals(share(allocator, 8).page, target.heldPagesCount ? 9 : 2);
    assertEquals(device.inspect().pending, 0);
    theirs.unmap();
  },
  "lets go of pages in any order: each ends with our next operation, whatever that is"(
    { another, share, mapAsPeer, target },
  ) {
    const device = another(Infinity);
    const [allocator, other] = [device.open(), device.open()];
    const pages = share(allocator, 70);
    const theirs = [1, 63, 64, 69].map((page) => mapAsPeer([pages.grefs[page]!]));
    const unmapped = share(allocator).map();
    const pending = () => device.inspect().pending;
    const held = (count: number) => assertEquals(pending(), target.heldPagesCount ? count : 0);
    pages.free();
    held(4);
    share(other).free();
    held(4);
    theirs[2]!.unmap();
    held(4);
    share(other);
    held(3);
    theirs[0]!.unmap();
    unmapped.unmap();
    held(2);
    theirs[3]!.unmap();
    allocator.close();
    held(1);
    theirs[1]!.unmap();
    other.close();
    assertEquals([pending(), device.inspect().live], [0, 0]);
  },
  "keeps its mapping when the allocator is closed"({ device, share, mapAsPeer }) {
    const allocator = device.open();
    const pages = share(allocator, 8);
    const theirs = mapAsPeer([pages.grefs[3]!]);
    theirs.bytes[0] = 5;
    allocator.close();
    assertEquals(theirs.bytes[0], 5);
    theirs.unmap();
    device.open().close();
  },
  "has a dead view when its mapping ends"({ device, share, mapAsPeer, assertEnded }) {
    const pages = share(device.open());
    const theirs = mapAsPeer(pages.grefs);
    const { bytes } = theirs;
    theirs.unmap();
    assertEnded(bytes);
    assertEquals(theirs.bytes.length, 0);
    theirs.unmap();
  },
  "keeps its mappings when its mapper is closed, and makes no new ones"({ device, share, target, another, mapper }) {
    const pages = share(device.open());
    const theirs = mapper.map(target.granterDomid, pages.grefs);
    mapper.close();
    mapper.close();
    assertRefused(() => mapper.map(target.granterDomid, pages.grefs), "closed");
    assertEquals(theirs.read().length, PAGE_SIZE);
    theirs.unmap();
    another().close();
  },
  "has mappings that know what they map, and a mapper that counts them"({ device, target, share, mapper, mapAsPeer }) {
    const pages = share(device.open(), 3);
    const readOnly = mapper.map(target.granterDomid, Uint32Array.from(pages.grefs));
    const writable = mapAsPeer(pages.grefs.slice(1));
    assertEquals([readOnly.domid, readOnly.writable, readOnly.count], [target.granterDomid, false, 3]);
    assertEquals(readOnly.grefs, pages.grefs);
    assertEquals([writable.domid, writable.writable, writable.count], [target.granterDomid, true, 2]);
    assertEquals(writable.grefs, pages.grefs.slice(1));
    assertEquals([mapper.closed, mapper.inspect().mappings, mapper.inspect().pages], [false, 2, 5]);
    readOnly.unmap();
    mapper.close();
    assertEquals([mapper.closed, mapper.inspect().mappings, mapper.inspect().pages], [true, 1, 2]);
    // Its references are a copy: changing them changes nothing.
    (writable.grefs as number[]).fill(0);
    writable.unmap();
    assertEquals([mapper.inspect().mappings, mapper.inspect().pages], [0, 0]);
  },
};
