import { assertEquals, assertRefused } from "../asserts.ts";
import { NO_ROOM, type Tests } from "./setup.ts";

/** What closing does. */
export const close: Tests = {
  "leaves what is left of pages to a report"({ device, share }) {
    const first = device.open();
    const second = device.open();
    share(first, 5);
    const view = share(second, 3).map();
    const { allocators, ...sums } = device.inspect();
    assertEquals([sums.live, sums.listed, sums.mapped, sums.pending], [8, 8, 3, 0]);
    assertEquals(allocators.map(({ live, listed, mappings, next }) => [live, listed, mappings, next]), [
      [5, 5, 0, 5],
      [3, 3, 1, 3],
    ]);
    second.close();
    assertEquals(device.inspect().allocators.length, 1);
    assertRefused(() => second.inspect(), "closed");
    view.unmap();
  },
  "frees everything, and is idempotent"({ device, share }) {
    const allocator = device.open();
    const pages = share(allocator, 100);
    pages.free({ start: 10, count: 50 });
    share(allocator, 3);
    allocator.close();
    allocator.close();
    allocator[Symbol.dispose]();
    assertEquals(device.inspect().live, 0);
    assertEquals(allocator.closed, true);
    assertRefused(() => share(allocator), "closed");
    assertRefused(() => pages.map(), "closed");
    assertRefused(() => pages.free({ start: 0, count: 1 }), "closed");
    assertRefused(() => pages.setUnmapNotify({ clearByte: 0 }), "closed");
    assertEquals(allocator.has(0, 1), false);
    pages[Symbol.dispose]();
  },
  "waits for the last mapping, which pins all pages"({ target, device, share, room }) {
    target.setLimit(8);
    const allocator = device.open();
    const pages = share(allocator, 8);
    const view = pages.map({ start: 2, count: 1 });
    const other = pages.map({ start: 2, count: 1 });
    allocator.close();
    assertRefused(() => share(device.open()), ...NO_ROOM);
    view.bytes[0] = 1;
    view.unmap();
    assertRefused(() => share(device.open()), ...NO_ROOM);
    assertEquals(other.bytes[0], 1);
    other.unmap();
    assertEquals(device.inspect().live, 0);
    assertEquals(room(), 8);
  },
  "leaves the other allocators alone"({ device, share }) {
    const first = device.open();
    const second = device.open();
    share(first, 3);
    const pages = share(second, 3);
    const view = pages.map();
    first.close();
    view.bytes[0] = 1;
    view.unmap();
    assertEquals(device.inspect().live, 3);
  },
  "of the device closes its allocators"({ another, share }) {
    const device = another();
    const allocator = device.open();
    share(allocator, 3);
    device.close();
    device.close();
    assertEquals(allocator.closed, true);
    assertEquals(device.inspect().live, 0);
    assertRefused(() => device.open(), "closed");
  },
  "is told by `closed` of a device"({ another }) {
    const device = another();
    assertEquals(device.closed, false);
    device.close();
    assertEquals(device.closed, true);
    assertRefused(() => device.open(), "closed");
  },
};
