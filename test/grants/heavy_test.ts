/** Large numbers, and a peer that is never at rest. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE } from "../../mod.ts";

test("a million grants live on a machine with larger tables, each with its own reference and memory", {
  timeout: 120_000,
}, () => {
  const xen = new MockXen({ tableFrames: 2048, limit: Infinity });
  const device = new GrantDevice(xen.domain(1));
  const mapper = new GrantMapper(xen.domain(0));
  const allocator = device.open();
  const seen = new Uint8Array(2048 * 512);
  const samples = new Map<number, number>();
  for (let round = 0; round < 5000; round++) {
    const pages = allocator.allocate(0, { pages: 200 });
    for (const gref of pages.grefs) seen[gref]!++;
    if (round % 500 !== 0) continue;
    const view = pages.map({ start: round % 200, count: 1 });
    view.bytes[0] = round % 251 + 1;
    view.unmap();
    samples.set(pages.grefs[round % 200]!, round % 251 + 1);
  }
  expect(device.inspect()).toMatchObject({ live: 1_000_000, listed: 1_000_000 });
  expect(seen.reduce((most, times) => Math.max(most, times), 0)).toBe(1);
  expect(seen.reduce((sum, times) => sum + times, 0)).toBe(1_000_000);
  for (const [gref, value] of samples) {
    const theirs = mapper.map(1, [gref]);
    expect(theirs.read(0, 1)[0]).toBe(value);
    theirs.unmap();
  }
  allocator.free(0, 1_000_000);
  expect(device.inspect()).toMatchObject({ live: 0, listed: 0, pending: 0 });
  xen.assertClean();
});

test("a peer that scribbles over everything it can, at every moment, disturbs bytes and nothing else", () => {
  const xen = new MockXen({ profile: "linux-5.16" });
  const real = xen.domain(1).grants;
  const mapper = new GrantMapper(xen.domain(0));
  const theirs: Uint8Array[] = [];
  const scribble = () => theirs.forEach((bytes) => bytes.fill(Math.floor(Math.random() * 256)));
  const device = new GrantDevice({
    grants: {
      ...real,
      open() {
        const file = real.open();
        return {
          grant(page, count, domid, writable, grefs) {
            scribble();
            file.grant(page, count, domid, writable, grefs);
            // It maps what it guesses, before anybody told it.
            theirs.push(mapper.map(1, [...grefs.subarray(0, count)], { writable: true }).bytes);
            scribble();
          },
          endAccess(page, count, grefs) {
            scribble();
            return file.endAccess(page, count, grefs);
          },
          map(page, count, gref, writable) {
            scribble();
            return file.map(page, count, gref, writable);
          },
          setUnmapNotify: (page, gref, notify) => file.setUnmapNotify(page, gref, notify),
          close: () => file.close(),
        };
      },
    },
  });
  const allocator = device.open();
  for (let round = 0; round < 200; round++) {
    const pages = allocator.allocate(0, { pages: 1 + round % 4, writable: true });
    const view = pages.map();
    scribble();
    expect(view.bytes.length).toBe(pages.count * PAGE_SIZE);
    view.unmap();
    if (round % 2 === 0) pages.free();
  }
  const { live, listed, mapped, pending } = device.inspect();
  // It never lets go: what was freed is pending, all of it.
  expect([live, mapped]).toEqual([500, 0]);
  expect(listed + pending).toBe(500);
  expect(pending).toBe(200);
});
