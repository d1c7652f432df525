/** Random grants on the mock's backends beside a naive model of one domain: every page keeps its own bytes. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import type { Slabs } from "../../backends/mock/slabs.ts";
import { machineState } from "../../backends/mock/xen.ts";

/** How many references a table of one frame has. */
const MOST = 504;
const TAG = 10;

/** A page of the model. */
interface Page {
  readonly tag: number;
  readonly file: number;
  peers: number;
  /** The owner freed it while the peer had it mapped. */
  ended: boolean;
  notify: number | undefined;
}

type Step = readonly [what: number, where: number, many: number];

function run(profile: "linux-6.1" | "linux-5.16", memory: "buffers" | "slabs", steps: readonly Step[]): void {
  const xen = new MockXen({ profile, memory, tableFrames: 1 });
  const machine = machineState(xen);
  const domain = machine.domain(1);
  const files = [0, 1].map(() => xen.domain(1).grants.open());
  const mapper = xen.domain(0).maps.open();
  const pages = new Map<number, Page>();
  const mappings: { unmap(): void; grefs: readonly number[] }[] = [];
  let tags = 0;

  const bytesOf = (gref: number, use: (bytes: Uint8Array) => void) => {
    const mapped = domain.memory(gref).map(domain.table.page(gref), 1);
    use(mapped.bytes);
    mapped.unmap();
  };
  const grant = (index: number, count: number) => {
    const grefs = new Uint32Array(count);
    const room = MOST - pages.size;
    if (count > room) {
      expect(() => files[index]!.grant(0, count, 0, true, grefs)).toThrow(
        expect.objectContaining({ code: "table-full" }),
      );
      expect(grefs.filter((gref) => gref > 0)).toHaveLength(room);
      if (room > 0) expect(files[index]!.endAccess(0, room, grefs)).toEqual([]);
      return;
    }
    files[index]!.grant(0, count, 0, true, grefs);
    for (const gref of grefs) {
      expect(pages.has(gref)).toBe(false);
      const tag = tags = tags % 251 + 1;
      bytesOf(gref, (bytes) => {
        expect(bytes.every((byte) => byte === 0)).toBe(true);
        bytes[TAG] = tag;
      });
      pages.set(gref, { tag, file: index, peers: 0, ended: false, notify: undefined });
    }
  };
  const end = (index: number, grefs: readonly number[]) => {
    const held = files[index]!.endAccess(0, grefs.length, Uint32Array.from(grefs));
    const expected = grefs.flatMap((gref, offset) => {
      const page = pages.get(gref)!;
      if (page.peers > 0 && page.notify !== undefined) {
        bytesOf(gref, (bytes) => expect(bytes[page.notify!]).toBe(0));
      }
      page.notify = undefined;
      if (page.peers === 0) pages.delete(gref);
      else if (profile === "linux-5.16") return [offset];
      else page.ended = true;
      return [];
    });
    expect(held).toEqual(expected);
  };
  const unmap = (at: number) => {
    const [mapping] = mappings.splice(at, 1);
    mapping!.unmap();
    for (const gref of mapping!.grefs) {
      const page = pages.get(gref)!;
      page.peers--;
      if (page.peers === 0 && page.ended) pages.delete(gref);
    }
  };
  const mine = (index: number) =>
    [...pages].filter(([, page]) => page.file === index && !page.ended).map(([gref]) => gref);

  for (const [what, where, many] of steps) {
    const index = where % 2;
    // In the order of references, in the order of grants, or in the reverse of that.
    const some = (grefs: number[]) => {
      const ordered = many % 3 === 0 ? grefs.toSorted((a, b) => a - b) : many % 3 === 1 ? grefs : grefs.toReversed();
      const from = grefs.length > 0 ? where % grefs.length : 0;
      return ordered.slice(from, from + 1 + many % 30);
    };
    if (what < 3) {
      grant(index, 1 + many % (what === 0 ? 300 : 12));
    } else if (what < 6) {
      const grefs = some(mine(index));
      if (grefs.length > 0) end(index, grefs);
    } else if (what === 6) {
      const grefs = some([...pages].filter(([, page]) => !page.ended).map(([gref]) => gref));
      if (grefs.length === 0) continue;
      const mapped = mapper.map(1, grefs, true);
      for (const gref of grefs) pages.get(gref)!.peers++;
      mappings.push({ unmap: () => mapped.unmap(), grefs });
    } else if (what === 7) {
      if (mappings.length > 0) unmap(where % mappings.length);
    } else {
      const [gref] = some(mine(index));
      if (gref === undefined) continue;
      const clearByte = 20 + many % 10;
      bytesOf(gref, (bytes) => bytes[clearByte] = 9);
      files[index]!.setUnmapNotify(0, gref, { clearByte });
      pages.get(gref)!.notify = clearByte;
    }
    for (const [gref, { tag }] of pages) bytesOf(gref, (bytes) => expect(bytes[TAG]).toBe(tag));
    expect([...domain.table.grefs()]).toEqual([...pages.keys()].toSorted((left, right) => left - right));
    expect(domain.counted).toBe([...pages.values()].filter(({ ended }) => !ended).length);
  }
  while (mappings.length > 0) unmap(0);
  for (const index of [0, 1]) {
    const grefs = mine(index);
    if (grefs.length > 0) end(index, grefs);
  }
  xen.assertClean();
  expect([domain.counted, domain.table.used]).toEqual([0, 0]);
  // All pages were given back to the only slab.
  if (memory === "slabs" && tags > 0) {
    expect((machine.memory as Slabs).size).toBe(1);
    expect(machine.memory.at(0)).toMatchObject({ inUse: 0 });
  }
}

const steps = fc.array(fc.tuple(fc.nat(8), fc.nat(1000), fc.nat(1000)), { minLength: 40, maxLength: 80, size: "max" });

describe.each(["linux-6.1", "linux-5.16"] as const)("the profile %s", (profile) => {
  test.each(["buffers", "slabs"] as const)("with %s", (memory) => {
    fc.assert(fc.property(steps, (steps) => run(profile, memory, steps)), { seed: 11, numRuns: 40 });
  });
});
