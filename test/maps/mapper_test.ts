/** Mappers on backends, and with callers, that go out of their way. What every backend must do is in the conformance suite. */
import { describe, expect, test } from "vitest";
import type { CopySegment, PeerMemory } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

const failed = (operation: string) => expect.objectContaining({ code: "backend-failed", operation });

/** A page that domain 1 grants to domain 0, which may write to it. */
function shared() {
  const xen = new MockXen();
  const pages = new GrantDevice(xen.domain(1)).open().allocate(0, { writable: true });
  const mapper = new GrantMapper(xen.domain(0));
  return { mapper, ours: pages.map(), place: { domid: 1, gref: pages.grefs[0]! } };
}

/** An object whose property gives the values one after another. */
function changing<T extends object>(object: T, name: string, ...values: unknown[]): T {
  let look = 0;
  return Object.defineProperty(object, name, {
    enumerable: true,
    get: () => values[Math.min(look++, values.length - 1)],
  });
}

describe("`close()`", () => {
  test("leaves the file open until the last mapping ends, and closes it once, even if that fails", () => {
    const calls: string[] = [];
    let mapped = 0;
    const mapper = new GrantMapper({
      maps: mapBackend({
        map() {
          const number = ++mapped;
          return peerMemory({
            unmap() {
              calls.push(`unmap ${number}`);
              if (number === 2) throw new Error("no");
            },
          });
        },
        close: () => void calls.push("close"),
      }),
    });
    const [first, second] = [mapper.map(1, [8]), mapper.map(1, [9])];
    mapper.close();
    first.unmap();
    expect(calls).toEqual(["unmap 1"]);
    expect(() => second.unmap()).toThrow(failed("unmap"));
    second.unmap();
    mapper.close();
    expect(calls).toEqual(["unmap 1", "unmap 2", "close"]);
  });
});

test("a mapping that has ended has no unmap notify, whether it was writable or not", () => {
  const { mapper, place } = shared();
  for (const writable of [true, false]) {
    const theirs = mapper.map(1, [place.gref], { writable });
    theirs.unmap();
    expect(() => theirs.setUnmapNotify({})).toThrow(expect.objectContaining({ code: "closed", operation: "notify" }));
  }
});

describe("`map()`", () => {
  test("gives a backend one domain where there is one, and one for each reference elsewhere", () => {
    const calls: unknown[] = [];
    const mapper = new GrantMapper({
      maps: mapBackend({
        map(domid, grefs, writable) {
          calls.push([domid, [...grefs], writable]);
          return peerMemory({ bytes: new Uint8Array(4096 * grefs.length) });
        },
      }),
    });
    mapper.map(3, [8, 9]);
    mapper.mapGrants([{ domid: 3, gref: 8 }, { domid: 3, gref: 9 }], { writable: true });
    mapper.mapGrants([{ domid: 3, gref: 8 }, { domid: 4, gref: 9 }]);
    expect(calls).toEqual([[3, [8, 9], false], [3, [8, 9], true], [[3, 4], [8, 9], false]]);
  });

  test("looks at what a caller gives once", () => {
    const { mapper, place } = shared();
    const grant = changing(changing({}, "domid", 1, -5), "gref", place.gref, "no") as typeof place;
    const grants = Object.defineProperty([grant], Symbol.iterator, { value: () => expect.unreachable() });
    expect(mapper.mapGrants(grants).count).toBe(1);
    expect(() => mapper.mapGrants(changing([place], "0", null))).toThrow(TypeError);
  });

  test("takes memory in parts, in order, and reads across them", () => {
    const parts = [new Uint8Array(4096).fill(1), new Uint8Array(8192).fill(2)];
    let unmaps = 0;
    const memory = peerMemory({ bytes: new Uint8Array(0), parts, unmap: () => void unmaps++ });
    const theirs = new GrantMapper({ maps: mapBackend({ map: () => memory }) }).map(1, [8, 9, 10], { writable: true });
    expect(theirs.parts.map((part) => part.length)).toEqual([4096, 8192]);
    expect([...theirs.read(4095, 2)]).toEqual([1, 2]);
    theirs.unmap();
    expect(unmaps).toBe(1);
  });

  for (
    const [what, memory] of Object.entries<() => Partial<PeerMemory>>({
      "too little memory": () => ({ bytes: new Uint8Array(4096) }),
      "too much memory": () => ({ bytes: new Uint8Array(3 * 4096) }),
      "parts that are too little": () => ({ parts: [new Uint8Array(4096)] }),
      "parts that are no pages": () => ({ parts: [new Uint8Array(4095), new Uint8Array(4097)] }),
      "an empty part": () => ({ parts: [new Uint8Array(8192), new Uint8Array(0)] }),
      "parts that are no memory": () => ({ parts: ["a", "b"] as unknown as Uint8Array<ArrayBuffer>[] }),
      "parts that are no list": () => ({ parts: 5 as unknown as Uint8Array<ArrayBuffer>[] }),
      "parts without end": () => ({ parts: { length: 1e12 } as unknown as Uint8Array<ArrayBuffer>[] }),
      "no memory": () => ({ bytes: null as unknown as Uint8Array<ArrayBuffer> }),
    })
  ) {
    test(`refuses ${what}, and ends the mapping`, () => {
      let unmaps = 0;
      const mapper = new GrantMapper({
        maps: mapBackend({
          map: () => ({ ...peerMemory({ unmap: () => void unmaps++ }), ...memory() }),
        }),
      });
      expect(() => mapper.map(1, [8, 9])).toThrow(failed("map"));
      expect(unmaps).toBe(1);
    });
  }
});

describe("`setUnmapNotify()` of a mapping", () => {
  test("gives the backend a checked copy, and what it throws comes back", () => {
    const seen: unknown[] = [];
    const memory = peerMemory({
      setUnmapNotify(notify) {
        seen.push(notify);
        if (seen.length > 2) throw new Error("planned");
      },
    });
    const theirs = new GrantMapper({ maps: mapBackend({ map: () => memory }) }).map(1, [8], { writable: true });
    theirs.setUnmapNotify(changing({}, "clearByte", 5, -1));
    theirs.setUnmapNotify({ eventPort: 3 });
    expect(seen).toEqual([{ clearByte: 5 }, { eventPort: 3 }]);
    expect(() => theirs.setUnmapNotify({})).toThrow(failed("notify"));
    theirs.unmap();
    expect(() => theirs.setUnmapNotify({})).toThrow(expect.objectContaining({ code: "closed", operation: "notify" }));
  });

  test("from the middle of a call is `busy`", () => {
    let refusal: unknown;
    const mapper = new GrantMapper({
      maps: mapBackend({
        map: () => peerMemory({}),
        copy() {
          try {
            theirs.setUnmapNotify({});
          } catch (error) {
            refusal = error;
          }
          return [0];
        },
      }),
    });
    const theirs = mapper.map(1, [8]);
    mapper.copy([{ from: Uint8Array.of(1), to: { domid: 1, gref: 8 } }]);
    expect(refusal).toMatchObject({ code: "busy", operation: "notify" });
  });
});

describe("`copy()`", () => {
  test("gives a backend memory of its own, with the bytes as they were", () => {
    let seen: readonly CopySegment[] = [];
    const mapper = new GrantMapper({
      maps: mapBackend({
        copy(segments) {
          seen = segments;
          (segments[1]!.to as Uint8Array).set([7, 8]);
          return [0, 0];
        },
      }),
    });
    const [from, to] = [Uint8Array.of(1, 2, 3), new Uint8Array(3).fill(9)];
    const page = { domid: 1, gref: 8 };
    expect(mapper.copy([{ from, to: { ...page, offset: 9 } }, { from: page, to, length: 2 }])).toEqual([
      "okay",
      "okay",
    ]);
    from.fill(0);
    expect([...seen[0]!.from as Uint8Array]).toEqual([1, 2, 3]);
    expect([seen[0]!.to, seen[0]!.length]).toEqual([{ ...page, offset: 9 }, 3]);
    expect([...to]).toEqual([7, 8, 9]);
    (seen[1]!.to as Uint8Array).fill(5);
    expect([...to]).toEqual([7, 8, 9]);
  });

  test("writes to no array of a segment that was refused", () => {
    const mapper = new GrantMapper({
      maps: mapBackend({
        copy(segments) {
          (segments[0]!.to as Uint8Array).fill(7);
          return [-1];
        },
      }),
    });
    const to = new Uint8Array(2);
    expect(mapper.copy([{ from: { domid: 1, gref: 8 }, to }])).toEqual(["general_error"]);
    expect([...to]).toEqual([0, 0]);
  });

  test("calls statuses by Xen's names, and those that it does not know a general error", () => {
    const statuses = Array.from({ length: 16 }, (_, index) => -index);
    const mapper = new GrantMapper({ maps: mapBackend({ copy: () => statuses }) });
    const segment = { from: Uint8Array.of(1), to: { domid: 1, gref: 8 } };
    const names = mapper.copy(statuses.map(() => segment));
    expect(names.slice(0, 4)).toEqual(["okay", "general_error", "bad_domain", "bad_gntref"]);
    expect(names.slice(8, 14)).toEqual([
      ...["permission_denied", "bad_page", "bad_copy_arg", "address_too_big", "eagain", "no_space"],
    ]);
    expect(names.slice(14)).toEqual(["general_error", "general_error"]);
  });

  for (
    const answer of [undefined, null, 5, {}, [], [0, 0], [1], [0.5], [NaN], ["0"], [-32769], [
      0n,
    ]] as unknown as number[][]
  ) {
    test(`refuses the answer ${JSON.stringify(answer, (_, value) => typeof value === "bigint" ? "0n" : value)}`, () => {
      const mapper = new GrantMapper({ maps: mapBackend({ copy: () => answer }) });
      const to = new Uint8Array(1);
      expect(() => mapper.copy([{ from: { domid: 1, gref: 8 }, to }])).toThrow(failed("copy"));
    });
  }

  test("looks at what a caller gives once", () => {
    const { mapper, ours, place } = shared();
    const to = new Uint8Array(4);
    ours.bytes.set([1, 2, 3, 4, 5]);
    const moving = changing({ ...place }, "offset", 1, 4096);
    const segment = changing(changing(changing({}, "from", moving, null), "to", to, null), "length", 3, 5000);
    const segments = Object.defineProperty([segment], Symbol.iterator, { value: () => expect.unreachable() });
    expect(mapper.copy(segments as never)).toEqual(["okay"]);
    expect([...to]).toEqual([2, 3, 4, 0]);
  });

  test("reads and writes an array by no method of its own", () => {
    const { mapper, ours, place } = shared();
    class Spy extends Uint8Array {
      override set(): void {
        expect.unreachable();
      }
      override subarray(): never {
        return expect.unreachable();
      }
      override get length(): number {
        return 4096;
      }
      override get buffer(): never {
        return expect.unreachable();
      }
    }
    const spy = new Spy(2);
    spy[0] = 5;
    expect(mapper.copy([{ from: spy, to: place }, { from: { ...place, offset: 0 }, to: spy }])).toEqual([
      "okay",
      "okay",
    ]);
    expect([...ours.read(0, 3)]).toEqual([5, 0, 0]);
    expect(() => mapper.copy([{ from: place, to: spy, length: 3 }])).toThrow(RangeError);
    const faked = Object.create(Uint8Array.prototype) as Uint8Array;
    expect(() => mapper.copy([{ from: place, to: faked }])).toThrow(TypeError);
  });

  test("refuses arrays whose memory was moved away, and copies into shared memory", () => {
    const { mapper, ours, place } = shared();
    const gone = new Uint8Array(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => mapper.copy([{ from: gone, to: place }])).toThrow(RangeError);
    expect(() => mapper.copy([{ from: place, to: gone, length: 4 }])).toThrow(RangeError);
    const common = new Uint8Array(new SharedArrayBuffer(2));
    ours.bytes.set([3, 4]);
    expect(mapper.copy([{ from: place, to: common }])).toEqual(["okay"]);
    expect([...common]).toEqual([3, 4]);
  });

  test("opens the backend if it is the first call, and is refused when the mapper is closed", () => {
    let opens = 0;
    const backend = mapBackend({ copy: () => [0] });
    const mapper = new GrantMapper({
      maps: {
        name: "counting",
        open() {
          opens++;
          return backend.open();
        },
      },
    });
    const segment = { from: Uint8Array.of(1), to: { domid: 1, gref: 8 } };
    mapper.copy([segment]);
    mapper.copy([segment]);
    expect(opens).toBe(1);
    mapper.close();
    expect(() => mapper.copy([segment])).toThrow(expect.objectContaining({ code: "closed", operation: "copy" }));
  });
});

describe("a backend of another kind", () => {
  test("is told so at its first use, and its file is closed", () => {
    const domain = new MockXen().domain(1);
    let closed = 0;
    const grants = domain.grants;
    const mapper = new GrantMapper({
      maps: {
        ...grants,
        open: () => Object.assign(grants.open(), { close: () => closed++ }) as never,
      },
    });
    expect(() => mapper.map(1, [8])).toThrow("has no method `copy`");
    expect(() => mapper.copy([{ from: Uint8Array.of(1), to: { domid: 1, gref: 8 } }])).toThrow("`maps` of a domain");
    expect(closed).toBe(2);
    expect(() => new EventChannels({ events: domain.maps as never }).bindUnbound(0)).toThrow("`events` of a domain");
  });
});

describe("the mock's copy", () => {
  test("needs the table to be that large, as on Xen, and grows with it", () => {
    const xen = new MockXen();
    const allocator = new GrantDevice(xen.domain(1)).open();
    const mapper = new GrantMapper(xen.domain(0));
    const status = (gref: number) => mapper.copy([{ from: { domid: 1, gref }, to: new Uint8Array(1) }])[0];
    expect([status(0), status(511), status(512)]).toEqual(["general_error", "general_error", "bad_gntref"]);
    allocator.allocate(0, { pages: 505 });
    expect([status(512), status(513), status(1024)]).toEqual(["okay", "general_error", "bad_gntref"]);
  });

  test("looks for the domains first, then at the source, then at the target", () => {
    const { mapper, place } = shared();
    const none = { domid: 9, gref: 8 };
    const bad = { domid: 1, gref: 2 ** 31 };
    const copies = [[bad, none], [none, bad], [bad, { ...place, gref: 100 }], [{ ...place, gref: 100 }, bad]] as const;
    expect(mapper.copy(copies.map(([from, to]) => ({ from, to, length: 1 })))).toEqual([
      ...["bad_domain", "bad_domain", "bad_gntref", "general_error"],
    ]);
  });

  test("works on a page that its owner has let go of while somebody maps it, but not on those of a dying domain", () => {
    const xen = new MockXen();
    const pages = new GrantDevice(xen.domain(1)).open().allocate(0, { writable: true });
    const mapper = new GrantMapper(xen.domain(0));
    const theirs = mapper.map(1, pages.grefs);
    pages.free();
    const segment = { from: Uint8Array.of(7), to: { domid: 1, gref: pages.grefs[0]! } };
    expect(mapper.copy([segment])).toEqual(["okay"]);
    xen.domain(1).destroy();
    expect(mapper.copy([{ ...segment, from: Uint8Array.of(8) }])).toEqual(["bad_domain"]);
    expect(theirs.read(0, 1)[0]).toBe(7);
    theirs.unmap();
    expect(mapper.copy([segment])).toEqual(["bad_domain"]);
    xen.assertClean();
  });
});
