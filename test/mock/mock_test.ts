import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { machineState } from "../../backends/mock/xen.ts";
import { EventChannels, GrantDevice, GrantMapper, type WritableMapping } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";

/** A device in domain 1 and a mapper in domain 0 of a machine. */
function sides(xen: MockXen, limit?: number) {
  return {
    device: new GrantDevice(xen.domain(1), {
      core: debugCore,
      ...(limit === undefined ? {} : { limit }),
    }),
    mapper: new GrantMapper(xen.domain(0)),
  };
}

test("`MockXen()` refuses sizes out of bounds and unknown profiles", () => {
  expect(() => new MockXen({ tableFrames: 0 })).toThrow(
    "`tableFrames` must be a whole number from 1 to 65536: current value is 0",
  );
  expect(() => new MockXen({ limit: -1 })).toThrow(RangeError);
  expect(() => new MockXen({ profile: "xp" as "linux-5.16" })).toThrow(TypeError);
  expect(() => new MockXen().domain(0x7ff0)).toThrow(RangeError);
  expect(() => new MockXen().domain(1).limit = 1.5).toThrow(RangeError);
});

test("`MockXen()` uses the default of an option that is `undefined`", () => {
  const xen = new MockXen({ profile: undefined, limit: undefined, memory: undefined });
  expect([xen.profile, xen.domain(1).limit]).toEqual(["linux-6.1", 1024]);
});

test("`domain()` and `process()` return objects that own nothing but what is public, backends included", () => {
  const xen = new MockXen();
  const domain = xen.domain(1);
  const process = domain.process();
  expect(xen.domain(1)).toBe(domain);
  expect(process.domain).toBe(domain);
  expect(Object.keys(xen)).toEqual(["profile"]);
  const parts = ["events", "grants", "isAlive", "maps", "store", "storeSocket"];
  expect(Object.keys(domain).sort()).toEqual(["domid", ...parts]);
  expect(Object.keys(process).sort()).toEqual(["domain", ...parts]);
  // So a program can replace a backend of a domain.
  const open = () => {
    throw new Error("planned");
  };
  const device = new GrantDevice({ ...domain, grants: { ...domain.grants, open } });
  expect(() => device.open()).toThrow("planned");
});

describe("a grant table", () => {
  test("has 32,768 references, 8 of them reserved, and refuses more (S3)", () => {
    const xen = new MockXen({ limit: Infinity });
    const { device } = sides(xen);
    const allocator = device.open();
    allocator.allocate(0, { pages: 32_750 });
    expect(() => allocator.allocate(0, { pages: 11 })).toThrow(
      "the grant table of domain 1 has 32760 references and 32760 are in use",
    );
    // The failed allocation left nothing.
    expect(device.inspect()).toMatchObject({ live: 32_750, listed: 32_750, pending: 0 });
    expect(allocator.allocate(0, { pages: 10 }).page).toBe(32_750);
    device.close();
    xen.assertClean();
  });

  test("reuses the reference that was freed last (S5)", () => {
    const { device } = sides(new MockXen());
    const allocator = device.open();
    const first = allocator.allocate(0, { pages: 3 });
    expect(first.grefs).toEqual([8, 9, 10]);
    first.free({ start: 0, count: 1 });
    first.free({ start: 2, count: 1 });
    expect(allocator.allocate(0, { pages: 3 }).grefs).toEqual([10, 8, 11]);
  });

  test("refuses to end a grant twice in one call, and gives its reference to one page only", () => {
    const xen = new MockXen();
    const file = xen.domain(1).grants.open();
    const grefs = new Uint32Array(2);
    file.grant(0, 1, 0, false, grefs);
    grefs[1] = grefs[0]!;
    expect(() => file.endAccess(0, 2, grefs)).toThrow(`reference ${grefs[0]} was not granted`);
    file.grant(0, 2, 0, false, grefs);
    expect(grefs[0]).not.toBe(grefs[1]);
    file.endAccess(0, 2, grefs);
    xen.assertClean();
  });

  test("refuses to end grants of another file or ended ones, and ends none of the call", () => {
    const xen = new MockXen({ limit: 4 });
    const [one, other] = [xen.domain(1).grants.open(), xen.domain(1).grants.open()];
    const [mine, theirs] = [new Uint32Array(1), new Uint32Array(1)];
    one.grant(0, 1, 0, false, mine);
    other.grant(0, 1, 0, false, theirs);
    for (const grefs of [[mine[0]!, theirs[0]!], [mine[0]!, 99_999], [theirs[0]!]]) {
      expect(() => one.endAccess(0, grefs.length, Uint32Array.from(grefs))).toThrow("was not granted");
    }
    const state = machineState(xen).domain(1);
    expect(state.table.used).toBe(2);
    const mapping = xen.domain(0).maps.open().map(1, [mine[0]!], false);
    expect(one.endAccess(0, 1, mine)).toEqual([]);
    expect(() => one.endAccess(0, 1, mine)).toThrow("was not granted");
    expect(state.counted).toBe(1);
    mapping.unmap();
    other.endAccess(0, 1, theirs);
    xen.assertClean();
  });

  test("refuses the whole allocation without memory for its entries, and counts nothing", () => {
    const xen = new MockXen({ memory: "slabs" });
    const { device } = sides(xen);
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 50 });
    const { Uint32Array } = globalThis;
    globalThis.Uint32Array = new Proxy(Uint32Array, {
      construct(target, args, made) {
        // Refuse entries for more than 100 pages; the front allocates smaller arrays.
        if (args[0] > 100 * 8) throw new RangeError("Array buffer allocation failed");
        return Reflect.construct(target, args, made);
      },
    });
    try {
      expect(() => allocator.allocate(0, { pages: 60 })).toThrow(expect.objectContaining({ code: "no-memory" }));
    } finally {
      globalThis.Uint32Array = Uint32Array;
    }
    const machine = machineState(xen);
    expect([machine.domain(1).counted, machine.domain(1).table.used]).toEqual([50, 50]);
    expect(device.inspect()).toMatchObject({ live: 50, pending: 0 });
    pages.free();
    expect(allocator.allocate(0, { pages: 1024 }).count).toBe(1024);
    device.close();
    xen.assertClean();
    expect(machine.memory.at(0)).toMatchObject({ inUse: 0 });
  });

  test("is usable again after it was full", () => {
    const xen = new MockXen({ tableFrames: 1, limit: Infinity });
    const { device } = sides(xen);
    for (let round = 0; round < 100; round++) {
      const allocator = device.open();
      allocator.allocate(0, { pages: 504 });
      expect(() => allocator.allocate(0)).toThrow(expect.objectContaining({ code: "table-full", errno: 28 }));
      allocator.close();
    }
    xen.assertClean();
  });
});

describe("a page that the peer holds", () => {
  test("keeps its reference and its entry until the peer unmaps it, in both profiles", () => {
    for (const profile of ["linux-5.16", "linux-6.1"] as const) {
      const xen = new MockXen({ profile });
      const { device, mapper } = sides(xen);
      const allocator = device.open();
      const pages = allocator.allocate(0);
      const theirs = mapper.map(1, pages.grefs);
      pages.free();
      expect(allocator.allocate(0).grefs).not.toEqual(pages.grefs);
      theirs.unmap();
      const expected = profile === "linux-5.16" ? [1, 0] : [0, 0];
      expect([device.inspect().pending, 0]).toEqual(expected);
      // With `linux-5.16`, the next operation frees it.
      allocator.allocate(0).free();
      expect(device.inspect().pending).toBe(0);
      expect(() => mapper.map(1, pages.grefs)).toThrow(expect.objectContaining({ code: "map-refused" }));
      device.close();
      xen.assertClean();
    }
  });
});

describe("a mapping of several pages by the peer", () => {
  test("is one block if they are neighbours in one allocation, and several parts otherwise", () => {
    const { device, mapper } = sides(new MockXen());
    const allocator = device.open();
    const first = allocator.allocate(0, { pages: 3, writable: true });
    const second = allocator.allocate(0, { writable: true });
    const [a, b, c] = first.grefs as [number, number, number];
    const [d] = second.grefs as [number];
    const layouts: [grefs: number[], pages: number[]][] = [
      [[a, b, c], [3]],
      [[b, c], [2]],
      [[a, c], [1, 1]],
      [[b, a], [1, 1]],
      [[a, a], [1, 1]],
      [[b, c, d, a], [2, 1, 1]],
    ];
    for (const [grefs, pages] of layouts) {
      const theirs = mapper.map(1, grefs, { writable: true });
      expect(theirs.parts.map((part) => part.length / 4096)).toEqual(pages);
      expect(theirs.count).toBe(grefs.length);
      if (pages.length > 1) expect(() => theirs.bytes).toThrow(expect.objectContaining({ code: "unsupported" }));
      else expect(theirs.bytes.length).toBe(grefs.length * 4096);
      theirs.unmap();
      expect(theirs.parts).toEqual([]);
    }
  });
});

describe("`destroy()`", () => {
  test("of the granter leaves the peer its mapping; the domain is gone when the last one ends", () => {
    const xen = new MockXen();
    const { device, mapper } = sides(xen);
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 2, writable: true });
    const ours = pages.map();
    ours.bytes[0] = 7;
    const theirs = mapper.map(1, pages.grefs, { writable: true });
    xen.domain(1).destroy();
    expect(theirs.bytes[0]).toBe(7);
    theirs.bytes[1] = 8;
    // The grants of a dying domain can still be mapped, as on Xen.
    mapper.map(1, pages.grefs).unmap();
    expect(() => allocator.allocate(0)).toThrow(expect.objectContaining({ code: "closed" }));
    expect(() => pages.map()).toThrow(expect.objectContaining({ code: "closed" }));
    expect(() => device.open()).toThrow(expect.objectContaining({ code: "closed" }));
    // What its program does afterwards changes nothing, and the books balance.
    ours.unmap();
    device.close();
    expect(device.inspect()).toMatchObject({ live: 0, mapped: 0, pending: 0 });
    expect(xen.domain(1).destroyed).toBe(true);
    theirs.unmap();
    expect(() => mapper.map(1, pages.grefs)).toThrow("there is no domain 1");
    expect(xen.domain(1).destroyed).toBe(false);
    xen.assertClean();
  });

  test("of the peer ends its mappings", () => {
    const xen = new MockXen({ profile: "linux-5.16" });
    const { device, mapper } = sides(xen);
    const allocator = device.open();
    const pages = allocator.allocate(0);
    const theirs = mapper.map(1, pages.grefs);
    pages.free();
    expect(device.inspect().pending).toBe(1);
    xen.domain(0).destroy();
    xen.domain(0).destroy();
    theirs.unmap();
    expect(() => mapper.map(1, pages.grefs)).toThrow(expect.objectContaining({ code: "closed" }));
    device.close();
    expect(device.inspect().pending).toBe(0);
    xen.assertClean();
  });

  test("frees the number for a new domain, which has no grants of the old one", () => {
    const xen = new MockXen();
    const { device, mapper } = sides(xen);
    const old = xen.domain(1);
    const { grefs } = device.open().allocate(0);
    old.destroy();
    expect(old.destroyed).toBe(true);
    expect(xen.domain(1)).not.toBe(old);
    expect(() => mapper.map(1, grefs)).toThrow(`domain 1 has no grant with reference ${grefs[0]}`);
  });
});

describe("`assertClean()`", () => {
  test("names granted pages, mappings and ports by domain and process, in ranges", () => {
    const xen = new MockXen();
    const { device, mapper } = sides(xen);
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 12 });
    pages.free({ start: 4, count: 1 });
    const theirs = mapper.map(1, pages.grefs.slice(0, 4));
    const process = xen.domain(1).process();
    const other = new GrantDevice(process).open().allocate(2);
    const events = new EventChannels(process);
    for (const _ of [1, 2]) events.bindUnbound(0);
    expect(() => xen.assertClean()).toThrow(
      "The simulated Xen is not clean: " +
        "domain 1 grants domain 0 pages by references 8 to 11 and 13 to 19; " +
        "process 1 of domain 1 grants domain 2 a page by reference 12; " +
        "process 1 of domain 1 has ports 1 to 2 bound; " +
        "domain 0 has 1 mapping of granted pages: references 8 to 11 of domain 1",
    );
    other.free();
    events.close();
    pages.free({ start: 0, count: 4 });
    pages.free({ start: 5, count: 7 });
    expect(() => xen.assertClean()).toThrow("grants domain 0 pages by references 8 to 11, freed but still mapped; ");
    theirs.unmap();
    device.close();
    xen.assertClean();
  });

  test("names the first ten things left", () => {
    const xen = new MockXen();
    const allocator = new GrantDevice(xen.domain(1)).open();
    for (let domid = 2; domid < 15; domid++) allocator.allocate(domid);
    expect(() => xen.assertClean()).toThrow(/domain 11 a page by reference 17; and 3 more$/);
  });

  test("is what `using` calls", () => {
    const leave = () => {
      using xen = new MockXen();
      new GrantDevice(xen.domain(1)).open().allocate(0);
    };
    expect(leave).toThrow("domain 1 grants domain 0 a page by reference 8");
    using _clean = new MockXen();
  });
});

test("`inspect()` returns domains with what they hold, as plain data", () => {
  const xen = new MockXen();
  const { device, mapper } = sides(xen);
  const pages = device.open().allocate(0, { writable: true });
  using _ours = pages.map();
  const theirs = mapper.map(1, pages.grefs, { writable: true });
  const channel = new EventChannels(xen.domain(1)).bindUnbound(0);
  const report = xen.inspect();
  expect(JSON.parse(JSON.stringify(report))).toEqual({
    domains: [
      {
        domid: 1,
        destroyed: false,
        limit: 1024,
        counted: 1,
        processes: [{ process: 0, files: 2, ownPages: 1 }],
        grants: [{ gref: 8, domid: 0, writable: true, process: 0, held: false, mapped: true, voided: false }],
        mappings: [],
        ports: [{ port: 1, process: 0, domid: 0, voided: false }],
        connections: [],
      },
      {
        domid: 0,
        destroyed: false,
        limit: 1024,
        counted: 0,
        processes: [{ process: 0, files: 0, ownPages: 0 }],
        grants: [],
        mappings: [{ process: 0, writable: true, pages: [{ domid: 1, gref: 8 }] }],
        ports: [],
        connections: [],
      },
    ],
  });
  theirs.unmap();
  channel.unbind();
  expect(report.domains[1]!.mappings).toHaveLength(1);
});

describe("an allocation that finds no room", () => {
  test("names the freed pages that peers still map, where the table is full of them", () => {
    const xen = new MockXen({ tableFrames: 1 });
    const { device, mapper } = sides(xen);
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 504 });
    const theirs = mapper.map(1, pages.grefs);
    pages.free();
    expect(() => allocator.allocate(0)).toThrow(
      "Cannot allocate 1 page: the grant table of domain 1 has 504 references and 504 are in use. 504 of these " +
        "were freed, but domain 0 still maps them: unmap them there. Or create the MockXen with more `tableFrames`.",
    );
    theirs.unmap();
    expect(allocator.allocate(0).count).toBe(1);
  });

  test("names the pages that the domain's own programs map", () => {
    const xen = new MockXen({ tableFrames: 1 });
    const { device } = sides(xen);
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 504 });
    const ours = pages.map({ start: 500, count: 4 });
    pages.free();
    const more = allocator.allocate(0, { pages: 500 });
    expect(() => allocator.allocate(0)).toThrow(
      "504 are in use. The programs of domain 1 map 4 pages of their own, which stay in use until they unmap them. " +
        "Free pages, or create the MockXen with more `tableFrames`.",
    );
    ours.unmap();
    allocator.allocate(0, { pages: 4 }).free();
    more.free();
    device.close();
    xen.assertClean();
  });

  test("names the held pages that count toward the limit of `linux-5.16`", () => {
    const xen = new MockXen({ profile: "linux-5.16", limit: 2 });
    const process = xen.domain(1).process();
    const pages = new GrantDevice(process).open().allocate(0);
    const theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs);
    process.kill();
    expect(() => new GrantDevice(xen.domain(1), { limit: 9 }).open().allocate(0, { pages: 2 })).toThrow(
      "the limit of domain 1 is 2 and its programs use 1. 1 of these was freed, but domain 0 still maps it: unmap " +
        "it there. Or raise `limit` of the domain.",
    );
    theirs.unmap();
    // The next operation frees it.
    new GrantDevice(xen.domain(1)).open().allocate(0).free();
    xen.assertClean();
  });
});

test("a domain can map as many pages as its maptrack table holds, each time they are mapped", () => {
  const xen = new MockXen({ maptrackFrames: 1 });
  const { device, mapper } = sides(xen);
  const pages = device.open().allocate(0, { pages: 200 });
  const first = mapper.map(1, pages.grefs);
  expect(() => mapper.map(1, pages.grefs)).toThrow(
    "domain 0 maps 200 pages, and can map 256: 200 more do not fit. Unmap some, or create the MockXen with more " +
      "`maptrackFrames`.",
  );
  const rest = mapper.map(1, pages.grefs.slice(0, 56));
  expect(() => mapper.map(1, pages.grefs.slice(0, 1))).toThrow(expect.objectContaining({ code: "map-refused" }));
  for (const mapping of [first, rest]) mapping.unmap();
  mapper.map(1, pages.grefs).unmap();
  device.close();
  xen.assertClean();
});

test("domain 0 has as many ports as there are, or as `dom0EventChannels` says", () => {
  const bind = (xen: MockXen, domid: number, count: number) => {
    const events = new EventChannels(xen.domain(domid));
    for (let port = 0; port < count; port++) events.bindUnbound(5);
  };
  bind(new MockXen(), 0, 1024);
  expect(() => bind(new MockXen(), 1, 1024)).toThrow("domain 1 has 1023 event channels, its maximum");
  expect(() => bind(new MockXen({ dom0EventChannels: 2 }), 0, 3)).toThrow("domain 0 has 2 event channels");
});

test("`MockXen()` refuses options that do not exist", () => {
  expect(() => new MockXen({ limits: 3 } as object)).toThrow(
    "Cannot create a simulated Xen as there is no option `limits`: did you mean `limit`?",
  );
  expect(() => new MockXen(5 as unknown as object)).toThrow(TypeError);
});

test("machines, domains and processes are shown by what tells them apart", () => {
  const xen = new MockXen();
  const process = xen.domain(1).process();
  process.kill();
  expect(inspect(xen)).toBe("MockXen { profile: 'linux-6.1', guestType: 'PV', domains: [ 1 ] }");
  expect(inspect(xen.domain(1))).toBe("MockDomain { domid: 1, limit: 1024, destroyed: false }");
  expect(inspect(process)).toBe("MockProcess { domid: 1, process: 1, killed: true }");
});

describe("a domid that is used again", () => {
  test("gives the new domain what was granted and offered to the old one", async () => {
    const xen = new MockXen();
    const pages = new GrantDevice(xen.domain(0)).open().allocate(5, { writable: true });
    const events = new EventChannels(xen.domain(0));
    const channel = events.bindUnbound(5);
    const old = xen.domain(5);
    new GrantMapper(old).map(0, pages.grefs, { writable: true }).bytes[0] = 42;
    new EventChannels(old).bindInterdomain(0, channel.port);
    old.destroy();
    expect(xen.domain(5)).not.toBe(old);
    const theirs = new GrantMapper(xen.domain(5)).map(0, pages.grefs);
    expect(theirs.read(0, 1)[0]).toBe(42);
    new EventChannels(xen.domain(5)).bindInterdomain(0, channel.port).notify();
    await channel.wait();
    // What ends both: free the page and unbind the port.
    theirs.unmap();
    pages.free();
    channel.unbind();
    expect(() => new GrantMapper(xen.domain(5)).map(0, pages.grefs)).toThrow("has no grant with reference");
    expect(() => new EventChannels(xen.domain(5)).bindInterdomain(0, channel.port)).toThrow("has no port");
    xen.domain(5).destroy();
    xen.assertClean();
  });

  test("makes an old reference name a page of the new domain", () => {
    const xen = new MockXen();
    const mapper = new GrantMapper(xen.domain(0));
    const grefs = new GrantDevice(xen.domain(5)).open().allocate(0).grefs;
    xen.domain(5).destroy();
    expect(() => mapper.map(5, grefs)).toThrow("there is no domain 5");
    const successor = new GrantDevice(xen.domain(5)).open().allocate(0);
    using ours = successor.map();
    ours.bytes[0] = 7;
    expect(mapper.map(5, grefs).read(0, 1)[0]).toBe(7);
  });
});

describe("a view", () => {
  test("whose buffer was transferred away leaves the page usable", () => {
    const { device, mapper } = sides(new MockXen());
    const pages = device.open().allocate(0, { pages: 2, writable: true });
    const ours = pages.map();
    const theirs: WritableMapping = mapper.map(1, pages.grefs, { writable: true });
    const moved = structuredClone(ours.bytes, { transfer: [ours.bytes.buffer] });
    expect(moved.length).toBe(8192);
    expect(ours.bytes.length).toBe(0);
    pages.setUnmapNotify({ clearByte: 5 });
    const again = pages.map();
    again.bytes[5] = 1;
    for (const mapping of [ours, theirs, again]) mapping.unmap();
    device.close();
    expect(device.inspect().live).toBe(0);
  });

  test("shows the same memory after another mapping of the page ended", () => {
    const { device, mapper } = sides(new MockXen());
    const pages = device.open().allocate(0, { writable: true });
    const ours = pages.map();
    const theirs = mapper.map(1, pages.grefs, { writable: true });
    theirs.unmap();
    expect(theirs.bytes.length).toBe(0);
    ours.bytes[0] = 3;
    expect(mapper.map(1, pages.grefs).read(0, 1)[0]).toBe(3);
  });
});

test("`map()` refuses a reference that was never granted, when nothing ever was", () => {
  const { mapper } = sides(new MockXen());
  for (const gref of [0, 7, 8, 0xffff_ffff]) {
    expect(() => mapper.map(1, [gref])).toThrow(expect.objectContaining({ code: "map-refused" }));
  }
});

describe("a domain that maps its own grant", () => {
  test.each(["PVH", "HVM"] as const)("is refused with `own-grant` in a %s domain on x86", (guestType) => {
    const xen = new MockXen({ guestType });
    const pages = new GrantDevice(xen.domain(1)).open().allocate(1, { writable: true });
    const mapper = new GrantMapper(xen.domain(1));
    const both = [{ domid: 2, gref: 8 }, { domid: 1, gref: pages.grefs[0]! }];
    for (const map of [() => mapper.map(1, pages.grefs), () => mapper.mapGrants(both)]) {
      expect(map).toThrow(expect.objectContaining({
        code: "own-grant",
        operation: "map",
        message:
          `Cannot map grants of domain 1: this is domain 1, and a ${guestType} domain on x86 that maps its own ` +
          "grant loses the page, and then its kernel panics. Use the pages as their owner, with `map()` of what " +
          "`allocate()` returned, or with `copy()` of the mapper. Or use a second domain.",
      }));
    }
    const from = { domid: 1, gref: pages.grefs[0]!, offset: 0 };
    expect(mapper.copy([{ from, to: new Uint8Array(4), length: 4 }])).toEqual(["okay"]);
    pages.free();
    xen.assertClean();
  });

  test("is harmless in a PV domain, which is the default", () => {
    for (const xen of [new MockXen({ guestType: "PV" }), new MockXen()]) {
      const pages = new GrantDevice(xen.domain(1)).open().allocate(1);
      new GrantMapper(xen.domain(1)).map(1, pages.grefs).unmap();
    }
  });
});

test("the error of a refused mapping says for whom the page is", () => {
  const { device, mapper } = sides(new MockXen());
  const forOther = device.open().allocate(3, { writable: true });
  expect(() => mapper.map(1, forOther.grefs)).toThrow(
    `Cannot map: reference ${forOther.grefs[0]} is granted to domain 3, and this is domain 0.`,
  );
  const readOnly = device.open().allocate(0);
  expect(() => mapper.map(1, readOnly.grefs, { writable: true })).toThrow(
    `Cannot map: reference ${readOnly.grefs[0]} is granted read-only. Map it without \`writable\``,
  );
});
