/**
 * What the real device answered, replayed on the mock.
 *
 * The answers were recorded by a C program on /dev/xen/gntalloc and /dev/xen/gntdev of Linux 6.1.192 (Debian 12), as dom0 of
 * Xen 4.17.7, with the driver's limit at 8 unless a case sets it. A negative number is -errno. Where a case depends on what
 * becomes of pages that the peer holds, the mock has the profile `linux`.
 *
 * Of the recorded calls these have no counterpart in the API, and are not here: an allocation of 0 pages (a `RangeError`;
 * the core's own answer is in core_test.ts), unknown flag bits, domids from 0x7FF0 on (a `RangeError`), private mappings,
 * the end of a part of a mapping, unknown actions of a notify, a duplicated descriptor, an unknown ioctl, and a use after the
 * close of the file.
 */
import { expect, test } from "vitest";
import { MockXen } from "../backends/mock.ts";
import { GrantDevice, GrantError, GrantMapper, type Mapping, type SharedPages, type WritableMapping } from "../mod.ts";
import { debugCore } from "./debug_core.ts";

const ENOENT = -2;
const EINVAL = -22;
const ENOSPC = -28;

/** What a call gives, or the number that the device answers where the library throws. */
function answer<T>(call: () => T): T | number {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof GrantError)) throw error;
    switch (error.code) {
      case "limit-reached":
      case "kernel-limit-reached":
      case "table-full":
        return ENOSPC;
      case "not-found":
        return error.operation === "free" ? EINVAL : ENOENT;
      case "map-refused":
      case "notify-refused":
        return EINVAL;
      default:
        throw error;
    }
  }
}

/** A program at the device: this domain is its own peer. */
class Program {
  readonly domain = new MockXen({ profile: "linux", limit: 8 }).domain(0);
  readonly device = new GrantDevice(this.domain.grantBackend(), { core: debugCore });
  readonly mapper = new GrantMapper(this.domain.mapBackend());

  open(): File {
    return new File(this.device);
  }

  /** The peer maps a page. */
  peer(pages: SharedPages, index: number, writable: boolean): Mapping | number {
    return answer(() => this.mapper.map(0, [pages.grefs[index]!], { writable }));
  }
}

/** One open file. */
class File {
  readonly #allocator;
  /** The handles of the allocations, in order. */
  readonly pages: SharedPages[] = [];

  constructor(device: GrantDevice) {
    this.#allocator = device.open();
  }

  /** Allocates pages: the first one's index. */
  allocate(count: number, { domid = 0, writable = true } = {}): number {
    return answer(() => {
      const pages = this.#allocator.allocate(domid, { pages: count, writable });
      expect(pages.grefs.every((gref) => gref !== 0)).toBe(true);
      this.pages.push(pages);
      return pages.page;
    });
  }

  free(page: number, count: number): number {
    return answer(() => {
      this.#allocator.free(page, count);
      return 0;
    });
  }

  map(page: number, count: number): WritableMapping | number {
    return answer(() => this.#allocator.map(page, count));
  }

  notify(page: number, notify: { clearByte?: number; eventPort?: number }): number {
    return answer(() => {
      this.#allocator.setUnmapNotify(page, notify);
      return 0;
    });
  }

  close(): void {
    this.#allocator.close();
  }
}

/** The mapping that a call gave. */
function mapping<T extends Mapping>(result: T | number): T {
  if (typeof result === "number") throw new Error(`expected a mapping, got ${result}`);
  return result;
}

test("basics", () => {
  const file = new Program().open();
  expect(file.allocate(4)).toBe(0);
  expect(file.allocate(4)).toBe(4);
  expect(file.allocate(1)).toBe(ENOSPC);
  expect(file.free(0, 1)).toBe(0);
  expect(file.allocate(1)).toBe(8);
  expect(file.free(1, 2)).toBe(0);
  expect(file.free(1, 1)).toBe(EINVAL);
  expect(file.free(3, 2)).toBe(0);
  expect(file.free(5, 3)).toBe(0);
  expect(file.free(8, 1)).toBe(0);
  expect(file.free(8, 1)).toBe(EINVAL);
});

test("huge counts, unknown pages", () => {
  const file = new Program().open();
  expect(file.free(0, 1)).toBe(EINVAL);
  expect(file.allocate(1)).toBe(0);
  expect(file.free(7, 1)).toBe(EINVAL);
  expect(file.allocate(4_294_967_295)).toBe(ENOSPC);
  expect(file.allocate(9)).toBe(ENOSPC);
  expect(file.allocate(8)).toBe(ENOSPC);
  expect(file.allocate(7)).toBe(1);
});

test("a domain that does not exist may be granted pages", () => {
  const file = new Program().open();
  expect(file.allocate(1, { domid: 5 })).toBe(0);
  expect(file.allocate(1, { domid: 0x7fef, writable: false })).toBe(1);
});

test("mmap", () => {
  const file = new Program().open();
  expect(file.allocate(4)).toBe(0);
  const whole = mapping(file.map(0, 4));
  whole.bytes[0] = 42;
  const first = mapping(file.map(0, 1));
  expect(first.bytes[0]).toBe(42);
  const middle = mapping(file.map(1, 2));
  expect(file.map(2, 3)).toBe(ENOENT);
  expect(file.map(4, 1)).toBe(ENOENT);
  expect(file.free(0, 4)).toBe(0);
  expect(file.map(0, 1)).toBe(ENOENT);
  expect(whole.bytes[0]).toBe(42);
  expect(file.allocate(4)).toBe(4);
  expect(file.allocate(1)).toBe(ENOSPC);
  first.unmap();
  middle.unmap();
  expect(file.allocate(1)).toBe(ENOSPC);
  whole.unmap();
  expect(file.allocate(1)).toBe(8);
});

test("a peer that holds a page", () => {
  const program = new Program();
  const file = program.open();
  expect(file.allocate(2)).toBe(0);
  const theirs = mapping(program.peer(file.pages[0]!, 0, true)) as WritableMapping;
  theirs.bytes[5] = 9;
  const ours = mapping(file.map(0, 2));
  expect(ours.bytes[5]).toBe(9);
  ours.bytes[6] = 77;
  expect(theirs.bytes[6]).toBe(77);
  ours.unmap();
  expect(file.free(0, 2)).toBe(0);
  expect(file.allocate(8)).toBe(2);
  expect(file.allocate(7)).toBe(ENOSPC);
  theirs.unmap();
  expect(file.allocate(8)).toBe(ENOSPC);
  expect(file.allocate(1)).toBe(ENOSPC);
});

test("a peer that maps what is read-only", () => {
  const program = new Program();
  const file = program.open();
  expect(file.allocate(1, { writable: false })).toBe(0);
  const [pages] = file.pages;
  expect(program.peer(pages!, 0, true)).toBe(EINVAL);
  const theirs = mapping(program.peer(pages!, 0, false));
  expect(file.free(0, 1)).toBe(0);
  // While it holds a mapping, it may make another one.
  const again = mapping(program.peer(pages!, 0, false));
  again.unmap();
  expect(theirs.read(0, 1)[0]).toBe(0);
  file.close();
  const next = program.open();
  expect(next.allocate(8)).toBe(0);
  theirs.unmap();
  expect(next.allocate(8)).toBe(ENOSPC);
});

test("close while the peer maps a page", () => {
  const program = new Program();
  const first = program.open();
  expect(first.allocate(8)).toBe(0);
  const theirs = mapping(program.peer(first.pages[0]!, 3, true));
  first.close();
  const second = program.open();
  expect(second.allocate(8)).toBe(0);
  expect(second.allocate(7)).toBe(ENOSPC);
  second.close();
  theirs.unmap();
  expect(program.open().allocate(8)).toBe(0);
});

test("close while a page is mapped here", () => {
  const program = new Program();
  const first = program.open();
  expect(first.allocate(8)).toBe(0);
  const view = mapping(first.map(0, 8));
  first.close();
  const second = program.open();
  expect(second.allocate(1)).toBe(ENOSPC);
  view.bytes[1] = 1;
  view.unmap();
  expect(second.allocate(8)).toBe(0);
});

test("unmap notify", () => {
  const program = new Program();
  const file = program.open();
  expect(file.allocate(2)).toBe(0);
  expect(file.notify(0, { clearByte: 10 })).toBe(0);
  expect(file.notify(1, { eventPort: 9999 })).toBe(EINVAL);
  expect(file.notify(2, { clearByte: 0 })).toBe(ENOENT);
  expect(file.notify(0, {})).toBe(0);
  expect(file.notify(0, { clearByte: 4095 })).toBe(0);
  const theirs = mapping(program.peer(file.pages[0]!, 0, true)) as WritableMapping;
  theirs.bytes[4095] = 200;
  const ours = mapping(file.map(0, 1));
  expect(ours.bytes[4095]).toBe(200);
  expect(file.free(0, 1)).toBe(0);
  ours.unmap();
  expect(theirs.bytes[4095]).toBe(0);
});

test("unmap notify on close", () => {
  const program = new Program();
  const file = program.open();
  expect(file.allocate(1)).toBe(0);
  expect(file.notify(0, { clearByte: 7 })).toBe(0);
  const theirs = mapping(program.peer(file.pages[0]!, 0, true)) as WritableMapping;
  theirs.bytes[7] = 5;
  file.close();
  expect(theirs.bytes[7]).toBe(0);
});

test("two files are apart", () => {
  const program = new Program();
  const first = program.open();
  const second = program.open();
  expect(first.allocate(2)).toBe(0);
  expect(second.allocate(2)).toBe(0);
  expect(second.free(0, 2)).toBe(0);
  expect(second.free(0, 2)).toBe(EINVAL);
  expect(second.map(0, 1)).toBe(ENOENT);
  expect(first.free(0, 2)).toBe(0);
});

test("a hole", () => {
  const file = new Program().open();
  expect(file.allocate(6)).toBe(0);
  expect(file.free(2, 1)).toBe(0);
  expect(file.map(0, 6)).toBe(ENOENT);
  const view = mapping(file.map(0, 2));
  expect(file.free(0, 6)).toBe(EINVAL);
  expect(file.free(1, 3)).toBe(EINVAL);
  expect(file.free(3, 3)).toBe(0);
  expect(file.free(0, 2)).toBe(0);
  view.unmap();
});

test("a mapping across two allocations", () => {
  const file = new Program().open();
  expect(file.allocate(2)).toBe(0);
  expect(file.allocate(2, { domid: 5, writable: false })).toBe(2);
  const view = mapping(file.map(0, 4));
  view.parts[1]![0] = 3;
  expect(file.free(1, 2)).toBe(0);
  view.unmap();
});

test("the limit, lowered below what is in use, 0, and none", () => {
  const { domain, device } = new Program();
  const file = new File(device);
  domain.limit = 4;
  expect(file.allocate(4)).toBe(0);
  domain.limit = 2;
  expect(file.allocate(1)).toBe(ENOSPC);
  expect(file.free(0, 3)).toBe(0);
  expect(file.allocate(1)).toBe(4);
  domain.limit = 0;
  expect(file.allocate(1)).toBe(ENOSPC);
  domain.limit = Infinity;
  expect(file.allocate(1)).toBe(5);
});
