/** Map backends that change what they are given, or lie about what they return: the mapper's books stay right. */
import { describe, expect, test } from "vitest";
import { GrantMapper, type PeerMemory, type WritableMapping } from "../../mod.ts";
import { mapBackend, peerMemory } from "../support/map_backend.ts";

const pages = (count: number) => new Uint8Array(count * 4096);

describe("a backend that changes the references it is given", () => {
  test.each<[string, (grefs: number[], domids: number[]) => void]>([
    ["adds some", (grefs, domids) => [grefs, domids].forEach((list) => list.push(99))],
    ["removes some", (grefs, domids) => [grefs, domids].forEach((list) => list.length = 1)],
    ["replaces some", (grefs, domids) => [grefs, domids].forEach((list) => list.fill(7))],
  ])("and %s changes nothing here", (_, change) => {
    const mapper = new GrantMapper({
      maps: mapBackend({
        map(domids, grefs) {
          change(grefs as number[], domids as number[]);
          return peerMemory({ bytes: pages(2) });
        },
      }),
    });
    const theirs = mapper.mapGrants([{ domid: 1, gref: 11 }, { domid: 2, gref: 12 }]);
    expect([theirs.count, theirs.grefs, mapper.inspect()]).toEqual([2, [11, 12], { mappings: 1, pages: 2 }]);
    theirs.unmap();
    expect(mapper.inspect()).toEqual({ mappings: 0, pages: 0 });
  });
});

describe("a view that lies about its length", () => {
  class Lying extends Uint8Array<ArrayBuffer> {
    override get length(): number {
      return 4096;
    }
  }

  test.each<[string, Partial<PeerMemory>]>([
    ["in `bytes`", { bytes: new Lying(new ArrayBuffer(8)) }],
    ["in `parts`", { bytes: pages(0), parts: [new Lying(new ArrayBuffer(8))] }],
  ])("%s is refused, and its mapping ended", (_, memory) => {
    let unmaps = 0;
    const mapper = new GrantMapper({
      maps: mapBackend({ map: () => peerMemory({ ...memory, unmap: () => void unmaps++ }) }),
    });
    expect(() => mapper.map(1, [8], { writable: true })).toThrow("8 bytes");
    expect([unmaps, mapper.inspect().mappings]).toEqual([1, 0]);
  });
});

test("`unmap()` throws the first error when the file cannot be closed either", () => {
  const fails = (message: string) => () => {
    throw new Error(message);
  };
  const mapper = new GrantMapper({
    maps: mapBackend({
      map: () => peerMemory({ bytes: pages(1), unmap: fails("first") }),
      close: fails("second"),
    }),
  });
  const theirs = mapper.map(1, [8]);
  mapper.close();
  expect(() => theirs.unmap()).toThrow("first");
  expect(mapper.inspect()).toEqual({ mappings: 0, pages: 0 });
});

test("`parts` is a copy: changing it changes nothing", () => {
  const parts = [pages(1), pages(1)];
  const mapper = new GrantMapper({ maps: mapBackend({ map: () => peerMemory({ bytes: pages(0), parts }) }) });
  const theirs: WritableMapping = mapper.map(1, [8, 9], { writable: true });
  (theirs.parts as Uint8Array[]).length = 0;
  expect(theirs.parts).toHaveLength(2);
  theirs.unmap();
});
