import { assert, assertEquals, assertRefused } from "../asserts.ts";
import { NO_ROOM, type Tests } from "./setup.ts";

/** Limits, of a device and of the system. */
export const limits: Tests = {
  "is the system's unless it is set"({ device, target, another }) {
    assertEquals(device.limit, 1024);
    target.setLimit(12);
    assertEquals(another().limit, 12);
  },
  "is in the report of a device that has done nothing yet"({ target, another }) {
    target.setLimit(12);
    assertEquals(another().inspect().limit, 12);
    assertEquals(another(8).inspect().limit, 8);
  },
  "counts freed pages that are still mapped here, and says so"({ another, share }) {
    const device = another(4);
    const allocator = device.open();
    const pages = share(allocator, 4);
    const mapping = pages.map();
    pages.free();
    assertEquals(device.inspect().freedMapped, 4);
    const error = assertRefused(() => share(allocator), "limit-reached");
    assert(error.message.includes("4 of them freed but still mapped here"), error.message);
    mapping.unmap();
    assertEquals(device.inspect().freedMapped, 0);
    share(allocator, 4);
  },
  "refuses what is beyond it, with the numbers"({ another, share }) {
    const device = another(8);
    const allocator = device.open();
    share(allocator, 4);
    share(allocator, 4);
    const error = assertRefused(() => share(allocator), "limit-reached");
    assert(error.message.includes("the limit is 8 and 8 are in use"), error.message);
    assertEquals(device.inspect().live, 8);
    allocator.free(0, 1);
    assertEquals(share(allocator).page, 8);
    const more = assertRefused(() => share(another(8).open(), 9), "limit-reached");
    assert(more.message.includes("Allocate fewer"), more.message);
  },
  "refuses a huge number of pages without any overflow"({ target, device, another, share }) {
    target.setLimit(8);
    const allocator = device.open();
    share(allocator);
    for (const pages of [9, 8, 0x3fff_ffff, 0x4000_0000, 0x8000_0000, 0xffff_ffff]) {
      assertRefused(() => share(allocator, pages), ...NO_ROOM);
    }
    const unlimited = another(Infinity).open();
    assertRefused(() => share(unlimited, 0xffff_ffff), ...NO_ROOM, "no-memory");
    assertEquals(share(allocator, 7).page, 1);
  },
  "is one for all allocators of a device"({ another, share }) {
    const device = another(6);
    const first = device.open();
    share(first, 4);
    const second = device.open();
    assertRefused(() => share(second, 3), "limit-reached");
    share(second, 2);
    first.close();
    assertEquals(share(second, 4).page, 2);
  },
  "is one for all devices of a system"({ target, another, share }) {
    target.setLimit(6);
    const first = another(Infinity).open();
    share(first, 4);
    const second = another(Infinity).open();
    assertRefused(() => share(second, 3), "kernel-limit-reached", "no-space");
    share(second, 2);
  },
  "follows the system's when that is raised or lowered"({ target, device, share }) {
    target.setLimit(4);
    const allocator = device.open();
    share(allocator, 4);
    target.setLimit(2);
    assertRefused(() => share(allocator), ...NO_ROOM);
    allocator.free(0, 3);
    assertEquals(share(allocator).page, 4);
    target.setLimit(5);
    assertEquals(share(allocator, 3).page, 5);
    assertEquals(device.limit, 5);
  },
  "of 0 allows nothing"({ target, device, share }) {
    target.setLimit(0);
    assertRefused(() => share(device.open()), ...NO_ROOM);
  },
  "of Infinity allows what the system does"({ target, device, share }) {
    target.setLimit(Infinity);
    const allocator = device.open();
    assertEquals(share(allocator, 1025).count, 1025);
    assertEquals(device.limit, Infinity);
  },
  "can be changed while pages are in use"({ another, share }) {
    const device = another(4);
    const allocator = device.open();
    share(allocator, 4);
    device.limit = 2;
    assertEquals(device.limit, 2);
    assertRefused(() => share(allocator), "limit-reached");
    allocator.free(0, 3);
    share(allocator);
    device.limit = 5;
    share(allocator, 3);
    assertRefused(() => share(allocator), "limit-reached");
  },
  "is all there again once everything was freed"({ target, device, share, room }) {
    target.setLimit(40);
    const allocator = device.open();
    share(allocator, 20).free();
    const view = share(allocator, 20).map();
    view.unmap();
    allocator.close();
    assertEquals(room(), 40);
  },
};
