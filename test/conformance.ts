/**
 * What every backend must do: one contract, for the device and its likenesses. It is independent of a test runner: it takes a
 * function that registers a test, and one that opens what is to be tested.
 *
 * @example Prove a backend with any test runner
 * ```ts
 * import { conformance } from "@gntalloc/gntalloc/conformance";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 *
 * const tests: [name: string, run: () => void][] = [];
 * conformance({
 *   test: (name, run) => tests.push([name, run]), // for example vitest's `test`
 *   open() {
 *     const xen = new MockXen();
 *     const domain = xen.domain(1);
 *     return {
 *       grantBackend: domain.grantBackend(),
 *       granter: 1,
 *       mapBackend: xen.domain(0).mapBackend(),
 *       peer: 0,
 *       setLimit: (pages) => domain.limit = pages,
 *       heldPagesCount: false,
 *       close: () => xen.assertClean(),
 *     };
 *   },
 * });
 * for (const [name, run] of tests) {
 *   try {
 *     run();
 *   } catch (cause) {
 *     throw new Error(name, { cause });
 *   }
 * }
 * ```
 *
 * @module
 */
import type { GrantBackend, MapBackend } from "../backends/backend.ts";
import {
  type GrantAllocator,
  GrantDevice,
  GrantMapper,
  PAGE_SIZE,
  type SharedPages,
  type WritableMapping,
} from "../mod.ts";
import { assert, assertEquals, assertRefused, assertThrows } from "./asserts.ts";

/** What is tested: both sides of one machine, in one process. */
export interface ConformanceTarget {
  /** The granter's side. Nobody else grants pages on this system during a test. */
  readonly grantBackend: GrantBackend;
  /** The domain of the granter. */
  readonly granter: number;
  /** The peer's side. */
  readonly mapBackend: MapBackend;
  /** The domain of the peer. */
  readonly peer: number;
  /** Sets the system's limit, which `grantBackend.limit()` says: 1024 when the target is opened. */
  setLimit(pages: number): void;
  /** Whether a page that was let go of counts toward the system's limit while the peer maps it. */
  readonly heldPagesCount: boolean;
  /**
   * What becomes of a view that its owner has kept when its mapping ends. It is to be `detached`, which is the default. Where
   * it is `alive`, it must be of memory that cannot be moved away, and that is never unmapped.
   */
  readonly keptViews?: "detached" | "alive";
  /** The compiled core to run on; default is the embedded one. */
  readonly core?: WebAssembly.Module;
  /** Called at the end of a test; throws if anything is left granted or mapped. */
  close(): void;
}

/** How the suite is run. */
export interface ConformanceOptions {
  /** Registers a test with a test runner. */
  test(name: string, run: () => void): void;
  /** Opens a target; once for each test. */
  open(): ConformanceTarget;
}

/** What a test works with; everything it opens is closed at its end. */
class Setup {
  readonly target: ConformanceTarget;
  readonly device: GrantDevice;
  readonly mapper: GrantMapper;
  readonly #devices: GrantDevice[] = [];

  constructor(target: ConformanceTarget) {
    this.target = target;
    this.device = this.another();
    this.mapper = new GrantMapper(target.mapBackend);
  }

  /** A device beside the first, as another process has it. */
  readonly another = (limit?: number): GrantDevice => {
    const { grantBackend, core } = this.target;
    const options = { ...(limit === undefined ? {} : { limit }), ...(core ? { core } : {}) };
    const device = new GrantDevice(grantBackend, options);
    this.#devices.push(device);
    return device;
  };

  /** Allocates pages for the peer, which may write to them. */
  readonly share = (allocator: GrantAllocator, pages = 1): SharedPages => {
    return allocator.allocate(this.target.peer, { pages, writable: true });
  };

  /** Maps pages as the peer, to read and write. */
  readonly mapAsPeer = (grefs: readonly number[]): WritableMapping => {
    return this.mapper.map(this.target.granter, grefs, { writable: true });
  };

  /** Expects a view of a mapping that ended to be dead, or one whose memory stays. */
  readonly assertEnded = (bytes: Uint8Array<ArrayBuffer>): void => {
    if (this.target.keptViews === "alive") {
      assertThrows(() => bytes.buffer.transfer(), TypeError);
    } else {
      assertEquals(bytes.length, 0);
      assertEquals(bytes[0], undefined as unknown as number);
    }
  };

  /** How many pages the system lets a new process allocate, one by one. */
  readonly room = (): number => {
    const allocator = this.another(Infinity).open();
    let pages = 0;
    try {
      while (true) {
        allocator.allocate(this.target.peer);
        pages++;
      }
    } catch (error) {
      assertRefused(
        () => {
          throw error;
        },
        "kernel-limit-reached",
        "no-space",
      );
    }
    allocator.close();
    return pages;
  };

  close(): void {
    for (const device of this.#devices) device.close();
    this.mapper.close();
    this.target.setLimit(1024);
    this.target.close();
  }
}

const NO_ROOM = ["limit-reached", "kernel-limit-reached", "no-space"] as const;

/** Registers all tests of the contract. */
export function conformance(options: ConformanceOptions): void {
  for (const [group, tests] of Object.entries({ allocate, limits, free, map, peer, notify, close, arguments: bad })) {
    for (const [name, run] of Object.entries(tests)) {
      options.test(`${group}: ${name}`, () => {
        const target = options.open();
        const setup = new Setup(target);
        run(setup);
        const { live, mapped } = setup.device.inspect();
        setup.close();
        // What a test leaves allocated is given back with its device; what it leaves mapped is its own mistake.
        assertEquals(mapped, 0, `pages still mapped of ${live} live`);
      });
    }
  }
}

type Tests = Record<string, (setup: Setup) => void>;

const allocate: Tests = {
  "gives zeroed pages, and a reference for each"({ device, target }) {
    const pages = device.open().allocate(target.peer, { pages: 3 });
    assertEquals(pages.count, 3);
    assertEquals(pages.grefs.length, 3);
    assertEquals(new Set(pages.grefs).size, 3);
    assert(pages.grefs.every((gref) => Number.isInteger(gref) && gref >= 8), "references below 8 are reserved");
    assertEquals(pages.domid, target.peer);
    assertEquals(pages.writable, false);
    const view = pages.map();
    assertEquals(view.bytes.length, 3 * PAGE_SIZE);
    assert(view.bytes.every((byte) => byte === 0), "fresh pages are zeroed");
    view.unmap();
  },
  "allocates one page unless told otherwise"({ device, target }) {
    assertEquals(device.open().allocate(target.peer).count, 1);
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

const limits: Tests = {
  "is the system's unless it is set"({ device, target, another }) {
    assertEquals(device.limit, 1024);
    target.setLimit(12);
    assertEquals(another().limit, 12);
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

const free: Tests = {
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
    assertEquals(allocator.allocate(target.peer).page, 4);
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

const map: Tests = {
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
    const pages = device.open().allocate(target.peer, { writable: false });
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

const peer: Tests = {
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
    const pages = device.open().allocate(target.peer);
    assertRefused(() => mapAsPeer(pages.grefs), "map-refused");
    const theirs = mapper.map(target.granter, pages.grefs);
    const ours = pages.map();
    ours.bytes[0] = 1;
    assertEquals([...theirs.read(0, 1)], [1]);
    assert(!("bytes" in theirs), "what is read-only hands out no memory that could be written to");
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
  "cannot map what was granted to another domain"({ device, target, mapAsPeer }) {
    const pages = device.open().allocate(target.peer + 77, { writable: true });
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
      assert(error.message.includes("1 of them freed, but still mapped by the peer"), error.message);
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
    const theirs = mapper.map(target.granter, pages.grefs);
    mapper.close();
    mapper.close();
    assertRefused(() => mapper.map(target.granter, pages.grefs), "closed");
    assertEquals(theirs.read().length, PAGE_SIZE);
    theirs.unmap();
    another().close();
  },
};

const notify: Tests = {
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
    assertRefused(() => pages.setUnmapNotify({ clearByte: 0, eventPort: 9999 }), "notify-refused");
    const theirs = mapAsPeer(pages.grefs);
    theirs.bytes.fill(1);
    pages.free();
    assertEquals([theirs.bytes[0], theirs.bytes[3]], [1, 0], "what was set before the refusal stays");
    assertRefused(() => pages.setUnmapNotify({ clearByte: 0 }), "not-found");
    theirs.unmap();
  },
};

const close: Tests = {
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
};

/** Values of the wrong type, and numbers that are none of the whole ones. */
const WRONG_TYPES = ["1", null, {}, [], true, 1n, Symbol("1")] as unknown as number[];
const NOT_WHOLE = [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53];

/** Expects a `TypeError` or `RangeError` that names the argument for each bad value of it, and that nothing has changed. */
function refuses(
  device: GrantDevice,
  name: string,
  values: readonly number[],
  action: (value: number) => unknown,
): void {
  const before = JSON.stringify(device.inspect());
  for (const value of WRONG_TYPES) assertThrows(() => action(value), TypeError, name);
  for (const value of values) assertThrows(() => action(value), RangeError, name, `current value is ${value}`);
  assertEquals(JSON.stringify(device.inspect()), before);
}

const bad: Tests = {
  "of allocate are checked"({ device, target }) {
    const allocator = device.open();
    refuses(device, "`domid`", [...NOT_WHOLE, 0x7ff0, 65_535, 65_536], (domid) => allocator.allocate(domid));
    refuses(
      device,
      "`pages`",
      [...NOT_WHOLE, 0, 0x1_0000_0000],
      (pages) => allocator.allocate(target.peer, { pages }),
    );
    assertThrows(() => allocator.allocate(0, { writable: 1 as unknown as boolean }), TypeError, "`writable`");
    assertThrows(() => allocator.allocate(0, null as unknown as object), TypeError, "options");
    assertThrows(() => allocator.allocate(undefined as unknown as number), TypeError, "`domid`", "undefined");
  },
  "of free and map are checked"({ device, share }) {
    const allocator = device.open();
    const pages = share(allocator, 4);
    const badPages = [...NOT_WHOLE];
    const badCounts = [...NOT_WHOLE, 0, 0x1_0000_0000];
    refuses(device, "`page`", badPages, (page) => allocator.free(page, 1));
    refuses(device, "`count`", badCounts, (count) => allocator.free(0, count));
    refuses(device, "`page`", badPages, (page) => allocator.map(page, 1));
    refuses(device, "`count`", badCounts, (count) => allocator.map(0, count));
    refuses(device, "`page`", badPages, (page) => allocator.has(page, 1));
    refuses(device, "`count`", badCounts, (count) => allocator.has(0, count));
    refuses(device, "`start`", [...NOT_WHOLE, 4], (start) => pages.free({ start, count: 1 }));
    refuses(device, "`count`", [...NOT_WHOLE, 0, 4], (count) => pages.free({ start: 1, count }));
    refuses(device, "`start`", [...NOT_WHOLE, 4], (start) => pages.map({ start, count: 1 }));
    refuses(device, "`count`", [...NOT_WHOLE, 0, 4], (count) => pages.map({ start: 1, count }));
    assertThrows(() => pages.map({ writable: "no" as unknown as boolean }), TypeError, "`writable`");
  },
  "of the unmap notify are checked"({ device, share }) {
    const pages = share(device.open(), 2);
    refuses(device, "`clearByte`", [...NOT_WHOLE, 4096], (clearByte) => pages.setUnmapNotify({ clearByte }));
    refuses(device, "`eventPort`", [...NOT_WHOLE, 131_072], (eventPort) => pages.setUnmapNotify({ eventPort }));
    refuses(device, "`page`", [...NOT_WHOLE, 2], (page) => pages.setUnmapNotify({}, page));
    assertThrows(() => pages.setUnmapNotify(null as unknown as object), TypeError, "`notify`");
  },
  "of limits are checked"({ device }) {
    const values = [-1, 0.5, NaN, -Infinity, 2 ** 53, 0x1_0000_0000];
    refuses(device, "`limit`", values, (limit) => device.limit = limit);
  },
  "of the mapper are checked"({ device, target, mapper, share }) {
    const { grefs } = share(device.open());
    refuses(device, "`domid`", [...NOT_WHOLE, 0x7ff0], (domid) => mapper.map(domid, grefs));
    refuses(device, "`grefs[1]`", [...NOT_WHOLE, 0x1_0000_0000], (gref) => mapper.map(target.granter, [8, gref]));
    assertThrows(() => mapper.map(target.granter, []), RangeError, "`grefs`");
    assertThrows(() => mapper.map(target.granter, new Array(65_537).fill(8)), RangeError, "`grefs`");
    assertThrows(() => mapper.map(target.granter, 8 as unknown as number[]), TypeError, "`grefs`");
    assertThrows(
      () => mapper.map(target.granter, grefs, { writable: 1 as unknown as boolean }),
      TypeError,
      "`writable`",
    );
  },
};
