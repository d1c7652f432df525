/** What a person sees of each public handle. */
import { expect, test } from "vitest";
import { inspect } from "node:util";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";

const see = (value: unknown) => inspect(value, { breakLength: Infinity, compact: true });

test("each handle shows its public name, and what matters", () => {
  const xen = new MockXen();
  const device = new GrantDevice(xen.domain(1));
  expect(see(device)).toBe("GrantDevice { backend: 'mock', limit: undefined, live: 0, allocators: 0 }");
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 2, writable: true });
  const mapping = pages.map();
  const share = allocator.share(0);
  const mapper = new GrantMapper(xen.domain(0));
  const theirs = mapper.map(1, pages.grefs);
  const list = pages.grefs.join(", ");

  expect(see(device)).toBe("GrantDevice { backend: 'mock', limit: 1024, live: 3, allocators: 1 }");
  expect(see(allocator)).toBe("GrantAllocator { live: 3, mappings: 2, closed: false }");
  expect(see(pages)).toBe(`SharedPages { domid: 0, grefs: [ ${list} ], writable: true, mapped: 1 }`);
  expect(see(mapping)).toBe("Mapping { count: 2, writable: true, unmapped: false }");
  expect(see(share)).toBe(`Share { domid: 0, grefs: [ ${share.grefs[0]} ], writable: false, unmapped: false }`);
  expect(see(mapper)).toBe("GrantMapper { backend: 'mock', mappings: 1, pages: 2 }");
  expect(see(theirs)).toBe(`PeerMapping { domid: 1, grefs: [ ${list} ], writable: false, unmapped: false }`);

  mapping.unmap();
  pages.free({ start: 0, count: 1 });
  expect(see(pages)).toContain("mapped: 0, freed: '1 of 2' }");
  pages.free();
  expect(see(pages)).toContain("mapped: 0, freed: true }");
  share.release();
  expect(see(share)).toContain("unmapped: true");
  theirs.unmap();
  mapper.close();
  device.close();
  expect(see(mapper)).toBe("GrantMapper { backend: 'mock', mappings: 0, pages: 0, closed: true }");
  expect(see(allocator)).toBe("GrantAllocator { closed: true }");
  expect(see(device)).toBe("GrantDevice { backend: 'mock', limit: 1024, live: 0, allocators: 0, closed: true }");
});

test("a mapping counts as ended although the system refused to end it", () => {
  const { device } = brokenDevice((file) => ({
    map(...args) {
      const memory = file.map(...args);
      return {
        bytes: memory.bytes,
        unmap() {
          memory.unmap();
          throw new Error("planned");
        },
      };
    },
  }));
  const pages = device.open().allocate(0);
  const mapping = pages.map();
  expect(see(pages)).toContain("mapped: 1");
  expect(() => mapping.unmap()).toThrow();
  expect(see(pages)).toContain("mapped: 0");
});

test("of many pages, the first references are shown", () => {
  const pages = new GrantDevice(new MockXen().domain(1)).open().allocate(0, { pages: 300 });
  const first = pages.grefs.slice(0, 8).join(", ");
  expect(see(pages)).toBe(`SharedPages { domid: 0, grefs: [ ${first}, '… 292 more' ], writable: false, mapped: 0 }`);
});

test("looking at a device does not call its backend", () => {
  const { device } = brokenDevice(undefined, {
    limit() {
      throw new Error("called");
    },
  });
  expect(see(device)).toBe("GrantDevice { backend: 'broken', limit: undefined, live: 0, allocators: 0 }");
});
