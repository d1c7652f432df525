import { PAGE_SIZE } from "../../../mod.ts";
import { assertEquals, assertRefused, assertThrows } from "../asserts.ts";
import type { Tests } from "./setup.ts";

/** What mapping one's own pages does. */
export const map: Tests = {
  "maps the same page several times, each seeing what the others write"({ device, share }) {
    const pages = share(device.open(), 4);
    const whole = pages.map();
    const part = pages.map({ start: 1, count: 2 });
    const again = pages.map({ start: 1, count: 1, writable: false });
    part.bytes[0] = 9;
    assertEquals(whole.bytes[PAGE_SIZE], 9);
    assertEquals([...again.read(0, 1)], [9]);
    assertEquals(part.count, 2);
    part.unmap();
    whole.bytes[PAGE_SIZE] = 10;
    assertEquals([...again.read(0, 1)], [10]);
    whole.unmap();
    again.unmap();
  },
  "maps what its peer may only read for writing"({ device, target }) {
    const pages = device.open().allocate(target.peerDomid, { writable: false });
    const view = pages.map();
    view.bytes.fill(1);
    assertEquals(view.read(PAGE_SIZE - 1).length, 1);
    view.unmap();
  },
  "refuses a hole, and what is past the end"({ device, share }) {
    const allocator = device.open();
    const pages = share(allocator, 4);
    assertRefused(() => allocator.map(2, 3), "not-found");
    assertRefused(() => allocator.map(4, 1), "not-found");
    pages.free({ start: 2, count: 1 });
    assertRefused(() => allocator.map(0, 4), "not-found");
    assertEquals(device.inspect().mapped, 0);
  },
  "gives a piece for each allocation that it spans"({ device, share }) {
    const allocator = device.open();
    share(allocator, 2);
    const between = device.open();
    share(between, 2);
    share(allocator, 3);
    const view = allocator.map(1, 3);
    assertEquals(view.parts.map((part) => part.length), [PAGE_SIZE, 2 * PAGE_SIZE]);
    assertRefused(() => view.bytes, "unsupported");
    view.parts[0]![PAGE_SIZE - 1] = 1;
    view.parts[1]![0] = 2;
    view.parts[1]![PAGE_SIZE] = 3;
    assertEquals([...view.read(PAGE_SIZE - 1, 2)], [1, 2]);
    const target = new Uint8Array(PAGE_SIZE + 2);
    view.readInto(target, PAGE_SIZE - 1);
    assertEquals([target[0], target[1], target[PAGE_SIZE + 1]], [1, 2, 3]);
    allocator.free(0, 5);
    view.unmap();
    // The other allocator's pages are still what they were.
    const other = between.map(0, 2);
    other.bytes.fill(5);
    other.unmap();
    assertEquals(device.inspect().live, 2);
  },
  "leaves a dead view when it ends, not one of unmapped memory"({ device, share, assertEnded }) {
    const view = share(device.open(), 2).map();
    const { bytes } = view;
    bytes[0] = 1;
    assertEquals(view.unmapped, false);
    view.unmap();
    assertEquals(view.unmapped, true);
    assertEnded(bytes);
    assertEquals(view.bytes.length, 0);
    assertEquals(view.parts.length, 0);
    assertRefused(() => view.read(0, 1), "closed");
    view.unmap();
    view[Symbol.dispose]();
  },
  "keeps what was written while nothing is mapped"({ device, share }) {
    const pages = share(device.open());
    const first = pages.map();
    first.bytes[100] = 77;
    first.unmap();
    const second = pages.map();
    assertEquals(second.bytes[100], 77);
    second.unmap();
  },
  "survives a view whose memory the caller has moved away"({ device, share, target }) {
    const pages = share(device.open(), 2);
    const view = pages.map();
    if (target.keptViews === "alive") {
      assertThrows(() => view.bytes.buffer.transfer(), TypeError);
      pages.free();
      view.unmap();
    } else {
      const taken = view.bytes.buffer.transfer();
      assertEquals(view.bytes.length, 0);
      pages.free();
      view.unmap();
      new Uint8Array(taken).fill(1);
    }
    assertEquals(device.inspect().live, 0);
  },
  "reads only inside of the mapping"({ device, share }) {
    const view = share(device.open()).map();
    assertThrows(() => view.read(-1), RangeError, "`offset`");
    assertThrows(() => view.read(PAGE_SIZE + 1), RangeError, "`offset`");
    assertThrows(() => view.read(1, PAGE_SIZE), RangeError, "`length`", "4095");
    assertThrows(() => view.readInto(new Uint8Array(2), PAGE_SIZE - 1), RangeError, "`target`");
    assertEquals(view.read(PAGE_SIZE).length, 0);
    view.unmap();
  },
};
