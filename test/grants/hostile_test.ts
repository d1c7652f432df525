/** Callers and backends that go out of their way: overridden methods, values that change, calls in the middle of a call. */
import { describe, expect, test } from "vitest";
import type { GrantBackend, MapBackend, MappedMemory, XenDomain } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels, GrantDevice, GrantMapper, type Mapping, type SharedPages } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";
import { debugCore } from "../support/debug_core.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

describe("a backend that calls back, and lets the refusal pass through,", () => {
  test("from close: the allocator stays closed, and its pages are not another's", () => {
    const { device } = brokenDevice(() => ({ close: () => void device.open() }));
    const allocator = device.open();
    allocator.allocate(0, { pages: 3 });
    expect(grantError(() => allocator.close()).code).toBe("busy");
    expect(allocator.closed).toBe(true);
    const other = device.open();
    other.allocate(0, { pages: 3 });
    expect(allocator.has(0, 3)).toBe(false);
    expect(grantError(() => allocator.free(0, 3)).code).toBe("closed");
    expect(other.has(0, 3)).toBe(true);
  });

  test("from endAccess in close: the allocator stays closed, the pages pending", () => {
    let calls = true;
    const { device } = brokenDevice((file) => ({
      endAccess(...args) {
        if (calls) device.open();
        return file.endAccess(...args);
      },
    }));
    const allocator = device.open();
    allocator.allocate(0, { pages: 3 });
    grantError(() => allocator.close());
    expect(grantError(() => allocator.allocate(0)).code).toBe("closed");
    expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
    calls = false;
    device.close();
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
  });

  test("from unmap: the mapping has ended, once", () => {
    const { device } = brokenDevice((file) => ({
      map(...args) {
        const memory = file.map(...args);
        return {
          bytes: memory.bytes,
          unmap() {
            memory.unmap();
            device.open();
          },
        };
      },
    }));
    const pages = device.open().allocate(0, { pages: 2 });
    const [first, second] = [pages.map(), pages.map()];
    expect(grantError(() => first.unmap()).code).toBe("busy");
    first.unmap();
    first.unmap();
    expect(device.inspect()).toMatchObject({ mapped: 2 });
    grantError(() => second.unmap());
    expect(device.inspect()).toMatchObject({ mapped: 0 });
  });

  test("from a mapper's unmap: the file is closed after the last mapping, not before", () => {
    let closes = 0;
    const mapper: GrantMapper = new GrantMapper({
      maps: mapBackend({
        map: () => peerMemory({ unmap: () => void mapper.map(1, [8]) }),
        close: () => void closes++,
      }),
    });
    const [first, second] = [mapper.map(1, [8]), mapper.map(1, [8])];
    grantError(() => first.unmap());
    first.unmap();
    mapper.close();
    expect(closes).toBe(0);
    grantError(() => second.unmap());
    expect(closes).toBe(1);
  });

  test("from its limit", () => {
    const { device } = brokenDevice(undefined, { limit: () => device.limit });
    expect(grantError(() => device.open()).code).toBe("busy");
    expect(grantError(() => device.limit).code).toBe("busy");
  });

  test("sets the limit in the middle: refused", () => {
    const { device } = brokenDevice((file) => ({
      grant(...args) {
        device.limit = 7;
        file.grant(...args);
      },
    }));
    expect(grantError(() => device.open().allocate(0)).code).toBe("busy");
    expect(device.limit).toBe(1024);
  });
});

describe("a caller's Uint8Array with methods of its own", () => {
  test("is given no memory of a read-only mapping", () => {
    const { device, mapper } = brokenDevice();
    const pages = device.open().allocate(0);
    const theirs = mapper.map(1, pages.grefs);
    const seen: unknown[] = [];
    class Spy extends Uint8Array {
      override set(source: ArrayLike<number>): void {
        seen.push(source);
      }
      override get length(): number {
        return 1;
      }
    }
    const spy = new Spy(8);
    theirs.readInto(spy, 4088);
    expect(seen).toEqual([]);
    expect(() => theirs.readInto(spy, 4089)).toThrow(RangeError);
  });
});

describe("memory that was moved away", () => {
  test("cannot be read: not as zeros, and not as the next piece's", () => {
    const { device } = brokenDevice();
    const allocator = device.open();
    allocator.allocate(0);
    allocator.allocate(0);
    const view = allocator.map(0, 2);
    view.parts[0]!.fill(1);
    view.parts[1]!.fill(2);
    view.parts[0]!.buffer.transfer();
    expect(grantError(() => view.read(0, 2))).toMatchObject({ code: "closed" });
    expect([...view.read(4096, 2)]).toEqual([2, 2]);
    expect(grantError(() => view.readInto(new Uint8Array(8192))).message).toContain("transferred");
    view.unmap();
  });
});

describe("a backend whose endAccess answers", () => {
  for (const answer of [5, {}, true, "", Promise.resolve([]), Symbol("x"), null] as unknown[]) {
    test(`${String(answer)}: nothing has ended`, () => {
      let lies = true;
      const { device, xen } = brokenDevice((file) => ({
        endAccess: (...args) => lies ? answer as number[] : file.endAccess(...args),
      }));
      const pages = device.open().allocate(0, { pages: 2 });
      expect(grantError(() => pages.free()).code).toBe("backend-failed");
      expect(device.inspect()).toMatchObject({ live: 2, pending: 2 });
      lies = false;
      device.close();
      xen.assertClean();
    });
  }
});

describe("a backend that moves away the buffer of the references", () => {
  const detach = (grefs: Uint32Array) => structuredClone(grefs.buffer, { transfer: [grefs.buffer as ArrayBuffer] });

  test("in grant: an error, and the next allocation works", () => {
    let moves = true;
    const { device } = brokenDevice((file) => ({
      grant(page, count, domid, writable, grefs) {
        if (moves) return void detach(grefs);
        file.grant(page, count, domid, writable, grefs);
      },
    }));
    const allocator = device.open();
    expect(grantError(() => allocator.allocate(0, { pages: 3 })).code).toBe("backend-failed");
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, pending: 0 });
    moves = false;
    expect(allocator.allocate(0, { pages: 3 }).page).toBe(0);
  });

  test("where there is no memory for more of them, those of an earlier allocation are left alone", () => {
    const { device } = brokenDevice();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 64 });
    const { Uint32Array } = globalThis;
    globalThis.Uint32Array = new Proxy(Uint32Array, {
      construct() {
        throw new RangeError("Array buffer allocation failed");
      },
    });
    try {
      expect(grantError(() => allocator.allocate(0, { pages: 65 })).code).toBe("no-memory");
    } finally {
      globalThis.Uint32Array = Uint32Array;
    }
    expect(device.inspect()).toMatchObject({ live: 64, listed: 64, pending: 0 });
    expect(allocator.allocate(0, { pages: 65 }).page).toBe(64);
    pages.map().unmap();
  });

  test("in endAccess: the next one works", () => {
    const { device, xen } = brokenDevice((file) => ({
      endAccess(page, count, grefs) {
        const copy = grefs.slice(0, count);
        detach(grefs);
        return file.endAccess(page, count, copy);
      },
    }));
    const allocator = device.open();
    allocator.allocate(0, { pages: 3 }).free();
    allocator.allocate(0, { pages: 3 }).free();
    xen.assertClean();
  });
});

describe("memory whose bytes are another thing each time", () => {
  test("is looked at once", () => {
    let asked = 0;
    const { device } = brokenDevice((file) => ({
      map(...args): MappedMemory {
        const memory = file.map(...args);
        return {
          get bytes() {
            if (asked++ > 0) throw new Error("again");
            return memory.bytes;
          },
          unmap: () => memory.unmap(),
        };
      },
    }));
    const view = device.open().allocate(0, { pages: 2 }).map();
    expect(view.count).toBe(2);
    view.unmap();
    expect(asked).toBe(1);
    expect(device.inspect().mapped).toBe(0);
  });

  test("is unmapped if it cannot be looked at", () => {
    let unmaps = 0;
    const hostile = {
      get bytes(): Uint8Array<ArrayBuffer> {
        throw new Error("no");
      },
      unmap: () => void unmaps++,
    };
    const { device } = brokenDevice(() => ({ map: () => hostile }));
    const pages = device.open().allocate(0);
    expect(grantError(() => pages.map()).code).toBe("backend-failed");
    expect([unmaps, device.inspect().mapped]).toEqual([1, 0]);
  });
});

describe("values that change between two looks", () => {
  /** An object whose property gives the values one after another. */
  function changing(name: string, ...values: unknown[]): object {
    let look = 0;
    return Object.defineProperty({}, name, {
      enumerable: true,
      get: () => values[Math.min(look++, values.length - 1)],
    });
  }

  test("a limit", () => {
    const backend = new MockXen().domain(1).grants;
    expect(new GrantDevice({ grants: backend }, changing("limit", 5, NaN)).limit).toBe(5);
  });

  test("an unmap notify, which is copied", () => {
    const { device, mapper } = brokenDevice();
    const pages = device.open().allocate(0, { pages: 2, writable: true });
    const theirs = mapper.map(1, pages.grefs, { writable: true });
    theirs.bytes.fill(1);
    const notify: { clearByte: number } = { clearByte: 1 };
    pages.setUnmapNotify(notify);
    notify.clearByte = 4101;
    pages.setUnmapNotify(changing("clearByte", 2, 4102), 1);
    pages.free();
    expect([...theirs.read(0, 3), ...theirs.read(4096, 3)]).toEqual([1, 0, 1, 1, 1, 0]);
    expect([...theirs.read(4101, 2)]).toEqual([1, 1]);
  });

  test("a list of references, and its iterator", () => {
    const { device, mapper } = brokenDevice();
    const pages: SharedPages = device.open().allocate(0, { pages: 2 });
    const grefs = [...pages.grefs];
    Object.defineProperty(grefs, Symbol.iterator, { value: function* () {} });
    expect(mapper.map(1, grefs).count).toBe(2);
  });
});

test("dispose of pages with holes lets go of every run, and says which failed first", () => {
  let fails = 1;
  const { device } = brokenDevice((file) => ({
    endAccess(...args) {
      if (fails-- > 0) throw new Error("planned");
      return file.endAccess(...args);
    },
  }));
  const pages = device.open().allocate(0, { pages: 5 });
  fails = 0;
  pages.free({ start: 2, count: 1 });
  fails = 1;
  expect(grantError(() => pages.free()).message).toContain("planned");
  expect(device.inspect()).toMatchObject({ live: 0, listed: 0 });
});

test("references from 2³¹ on stay what they are", () => {
  const seen: number[] = [];
  const high = 0xffff_fff0;
  const { device } = brokenDevice(() => ({
    grant: (_page, _count, _domid, _writable, grefs) => void grefs.fill(high, 0, 1),
    map(_page, _count, gref) {
      seen.push(gref);
      return { bytes: new Uint8Array(4096), unmap() {} };
    },
    setUnmapNotify: (_page, gref) => void seen.push(gref),
    endAccess(_page, _count, grefs) {
      seen.push(grefs[0]!);
      return [];
    },
  }));
  const pages = device.open().allocate(0);
  pages.map().unmap();
  pages.setUnmapNotify({});
  pages.free();
  expect([...pages.grefs, ...seen]).toEqual([high, high, high, high]);
});

test("every close says what it could not end", () => {
  const { device } = brokenDevice(() => ({
    endAccess() {
      throw new Error("never");
    },
  }));
  device.open().allocate(0);
  for (let round = 0; round < 3; round++) expect(grantError(() => device.close()).message).toContain("never");
  expect(device.inspect()).toMatchObject({ live: 1, pending: 1 });
});

test("close goes on with the other allocators when one cannot be closed", () => {
  let fails = 1;
  const { device } = brokenDevice((file) => ({
    close() {
      if (fails-- > 0) throw new Error("planned");
      file.close();
    },
  }));
  const [first, second] = [device.open(), device.open()];
  expect(grantError(() => device.close()).operation).toBe("close");
  expect([first.closed, second.closed]).toEqual([true, true]);
});

test("a huge allocation is refused without memory that stays taken", () => {
  const backend: GrantBackend = new MockXen({ limit: Infinity }).domain(1).grants;
  const device = new GrantDevice({ grants: backend });
  const allocator = device.open();
  const before = Deno.memoryUsage().rss;
  for (const pages of [1e8, 0xffff_ffff]) {
    expect(grantError(() => allocator.allocate(0, { pages })).code).toBe("no-memory");
  }
  expect(Deno.memoryUsage().rss - before).toBeLessThan(100e6);
  expect(allocator.allocate(0).page).toBe(0);
});

test("what a backend throws need not be an error, nor anything that can be shown", () => {
  for (const what of [null, undefined, "text", Symbol("x"), Object.create(null), 5n]) {
    const { device } = brokenDevice(() => ({
      map() {
        throw what;
      },
    }));
    const pages = device.open().allocate(0);
    expect(grantError(() => pages.map())).toMatchObject({ code: "backend-failed", cause: what, name: "GrantError" });
    expect(device.inspect().mapped).toBe(0);
  }
});

test("arguments of the wrong type are a TypeError wherever a default would be worked out", () => {
  const { device, mapper } = brokenDevice();
  const pages = device.open().allocate(0, { pages: 2 });
  const view: Mapping = pages.map();
  for (const wrong of [1n, Symbol("1"), null, "1"] as unknown as number[]) {
    expect(() => pages.free({ start: wrong })).toThrow(TypeError);
    expect(() => pages.map({ start: wrong })).toThrow(TypeError);
    expect(() => view.read(wrong)).toThrow(TypeError);
    expect(() => view.read(0, wrong)).toThrow(TypeError);
    expect(() => view.readInto(new Uint8Array(1), wrong)).toThrow(TypeError);
  }
  expect(() => view.readInto([] as unknown as Uint8Array)).toThrow("current value is an array");
  expect(() => mapper.map(1, "8" as unknown as number[])).toThrow('current value is "8"');
});

test("what is no domain is a TypeError that says what is one", () => {
  const xen = new MockXen();
  const wrongs = [undefined, null, {}, xen, 5, xen.domain(1).grants] as unknown as XenDomain[];
  for (const wrong of wrongs) {
    expect(() => new GrantDevice(wrong)).toThrow("Pass denoDomain()");
    expect(() => new GrantMapper(wrong)).toThrow("Pass denoDomain()");
    expect(() => new EventChannels(wrong)).toThrow("Pass denoDomain()");
  }
  for (const wrong of [null, {}, 5, xen.domain(1)] as unknown as (GrantBackend & MapBackend)[]) {
    expect(() => new GrantDevice({ grants: wrong })).toThrow("`grants` of the domain");
    expect(() => new GrantMapper({ maps: wrong })).toThrow("`maps` of the domain");
  }
  expect(() => new GrantDevice(xen.domain(1), { core: {} as WebAssembly.Module })).toThrow(
    "`core` must be a WebAssembly.Module",
  );
  expect(() => new MockXen({ profile: Symbol("x") as unknown as "linux-5.16" })).toThrow("`profile`");
});

test("a limit that was set stays when the backend's is another", () => {
  let limit = 10;
  const { device } = brokenDevice(undefined, { limit: () => limit });
  const allocator = device.open();
  expect(device.limit).toBe(10);
  device.limit = 3;
  limit = 20;
  expect(grantError(() => allocator.allocate(0, { pages: 4 })).code).toBe("limit-reached");
  expect(device.limit).toBe(3);
  device.limit = Infinity;
  expect(device.limit).toBe(Infinity);
  expect(device.inspect().limit).toBe(Infinity);
});

describe("a mapping of the mock", () => {
  test("ends whatever the owner of a view has redefined", () => {
    const { device } = brokenDevice();
    const allocator = device.open();
    const redefine: ((buffer: ArrayBuffer) => void)[] = [
      (buffer) => Object.defineProperty(buffer, "transfer", { value: () => buffer }),
      (buffer) => Object.defineProperty(buffer, "detached", { value: true }),
    ];
    for (const change of redefine) {
      const pages = allocator.allocate(0);
      const view = pages.map();
      const { bytes } = view;
      bytes[0] = 7;
      change(bytes.buffer);
      const again = pages.map();
      expect(again.bytes[0]).toBe(7);
      again.unmap();
      view.unmap();
      expect(bytes.length).toBe(0);
    }
  });
});

describe("several failures at once", () => {
  test("of pieces: all are unmapped, and the first is thrown, even if it is undefined", () => {
    let unmaps = 0;
    const { device } = brokenDevice((file) => ({
      map(...args) {
        const memory = file.map(...args);
        return {
          bytes: memory.bytes,
          unmap() {
            memory.unmap();
            unmaps++;
            throw undefined;
          },
        };
      },
    }));
    const allocator = device.open();
    allocator.allocate(0);
    allocator.allocate(0);
    const view = allocator.map(0, 2);
    expect(grantError(() => view.unmap())).toMatchObject({ code: "backend-failed", operation: "unmap" });
    expect(unmaps).toBe(2);
  });

  test("of unmap and of the end of access: that of unmap is thrown, and another file's is nobody's business", () => {
    let stuck = true;
    const { device } = brokenDevice((file) => ({
      endAccess(...args) {
        if (stuck) throw new Error("ending");
        return file.endAccess(...args);
      },
      map(...args) {
        const memory = file.map(...args);
        return {
          bytes: memory.bytes,
          unmap() {
            memory.unmap();
            if (stuck) throw new Error("unmapping");
          },
        };
      },
    }));
    const [first, second] = [device.open(), device.open()];
    const pages = first.allocate(0);
    const view = pages.map();
    pages.free();
    expect(grantError(() => view.unmap()).message).toContain("unmapping");
    stuck = false;
    const other = second.allocate(0).map();
    stuck = true;
    grantError(() => first.allocate(0).free());
    stuck = false;
    other.unmap();
    device.close();
    expect(device.inspect().live).toBe(0);
  });

  test("of closes: every file that nothing is left of is closed in the same sweep", () => {
    let closes = 0;
    let stuck = true;
    const { device } = brokenDevice((file) => ({
      endAccess(...args) {
        if (stuck) throw new Error("stuck");
        return file.endAccess(...args);
      },
      close() {
        closes++;
        throw new Error("closing");
      },
    }));
    for (const allocator of [device.open(), device.open()]) {
      allocator.allocate(0);
      grantError(() => allocator.close());
    }
    stuck = false;
    expect(grantError(() => device.close()).message).toContain("closing");
    expect(closes).toBe(2);
  });
});

test("an allocation of more pages than pass at a time is one piece, and so is its mapping", () => {
  const xen = new MockXen({ limit: Infinity });
  const device = new GrantDevice(xen.domain(1), { core: debugCore });
  const allocator = device.open();
  const first = allocator.allocate(0, { pages: 9000 });
  const second = allocator.allocate(0, { pages: 3 });
  const view = first.map();
  expect(view.bytes.length).toBe(9000 * 4096);
  view.unmap();
  const part = allocator.map(8999, 3);
  expect([part.count, ...part.parts.map((piece) => piece.length)]).toEqual([3, 4096, 8192]);
  part.unmap();
  expect(new Set([...first.grefs, ...second.grefs]).size).toBe(9003);
  allocator.free(10, 8000);
  device.close();
  xen.assertClean();
});

test("runs of pending pages that are neighbours by number and not by file are ended apart", () => {
  const ended: [unknown, number, number][] = [];
  let stuck = true;
  const { device, xen } = brokenDevice((file) => ({
    endAccess(page, count, grefs) {
      if (stuck) throw new Error("stuck");
      ended.push([file, page, count]);
      return file.endAccess(page, count, grefs);
    },
  }));
  const [first, second] = [device.open(), device.open()];
  first.allocate(0, { pages: 64 });
  second.allocate(0, { pages: 128 });
  grantError(() => first.free(0, 64));
  grantError(() => second.free(64, 64));
  stuck = false;
  first.allocate(0).free();
  expect(ended.slice(0, 2).map(([, page, count]) => [page, count])).toEqual([[0, 64], [64, 64]]);
  expect(ended[0]![0]).not.toBe(ended[1]![0]);
  device.close();
  xen.assertClean();
});

describe("a domain that was destroyed", () => {
  test("as the granter: its other grants may be mapped even after its program lets go of them", () => {
    const { xen, device, mapper } = brokenDevice();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 2 });
    const theirs = mapper.map(1, [pages.grefs[0]!]);
    xen.domain(1).destroy();
    pages.free({ start: 1, count: 1 });
    mapper.map(1, [pages.grefs[1]!]).unmap();
    expect(grantError(() => pages.setUnmapNotify({})).code).toBe("closed");
    theirs.unmap();
    device.close();
    xen.assertClean();
  });

  test("as the peer: what it held is let go of", () => {
    const { xen, device, mapper } = brokenDevice();
    const pages = device.open().allocate(0);
    mapper.map(1, pages.grefs);
    pages.free();
    expect(device.inspect().pending).toBe(1);
    xen.domain(0).destroy();
    device.close();
    expect(device.inspect().pending).toBe(0);
    xen.assertClean();
  });
});

test("nothing is read of a mapping where nothing is asked for", () => {
  const { device } = brokenDevice();
  const view = device.open().allocate(0).map();
  expect(view.read(0, 0).length).toBe(0);
  view.readInto(new Uint8Array(0), 4096);
  view.unmap();
});
