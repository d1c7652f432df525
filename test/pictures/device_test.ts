/** Pictures of a device. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { drawDevice } from "../../src/pictures/mod.ts";
import { elementsOf } from "./well_formed.ts";

const times = (svg: string, text: string) => svg.split(text).length - 1;

test("`drawDevice()` shows listed, freed and pending pages against the limit", () => {
  const xen = new MockXen({ profile: "linux-5.16" });
  const device = new GrantDevice(xen.domain(1), { limit: 20 });
  const allocator = device.open();
  allocator.allocate(0, { pages: 3 });
  const held = allocator.allocate(0, { pages: 2 });
  new GrantMapper(xen.domain(0)).map(1, held.grefs);
  held.free();
  const mapped = allocator.allocate(0);
  mapped.map();
  mapped.free();
  const svg = drawDevice(device.inspect());
  elementsOf(svg);
  expect(svg).toContain(
    "6 of 20 pages are live: 3 are listed, 1 mapped in this process, 2 pending, and 1 freed but still mapped here.",
  );
  for (const part of ["listed: 3", "freed, but mapped here: 1", "pending: 2"]) {
    expect(times(svg, part), part).toBe(2); // in the bar and in the legend
  }
  expect(svg).toContain("1: 3 pages listed, 1 mapping, next index 6");
});

test("`drawDevice()` shows the holes of allocations, and who made them", () => {
  const device = new GrantDevice(new MockXen().domain(1), { trackAllocations: true });
  const pages = device.open().allocate(0, { pages: 6, writable: true });
  pages.free({ start: 1, count: 2 });
  const mapping = pages.map({ start: 0, count: 1 });
  const svg = drawDevice(device.inspect());
  mapping.unmap();
  elementsOf(svg);
  expect(svg).toContain("6 pages for domain 0, which may write, 2 freed, mapped here, index 0 to 5, 0 s old");
  expect(svg).toContain("device_test.ts");
  expect(svg).toContain("<title>index 0: reference 8</title>");
  expect(svg).toContain("<title>index 1: freed</title>");
  expect(svg).toContain("<title>index 3: reference 11</title>");
  for (const meaning of ["allocated", "mapped here, all or in part", "freed", "the peer may write"]) {
    expect(svg).toContain(`>${meaning}</text>`);
  }
});

test("`drawDevice()` bounds its size", () => {
  const device = new GrantDevice(new MockXen({ limit: Infinity }).domain(1), { trackAllocations: true });
  const allocator = device.open();
  allocator.allocate(0, { pages: 5000 });
  for (let i = 0; i < 80; i++) device.open().allocate(0);
  const svg = drawDevice(device.inspect(), { width: 320 });
  elementsOf(svg);
  expect(svg).toContain("5080 pages are live, without a limit");
  expect(svg).toMatch(/… and \d{4} more pages/);
  expect(svg).toContain("… and 17 more");
  expect(svg).toContain("… and 49 more");
  expect(svg.length).toBeLessThan(200_000);
});

test("`drawDevice()` works when the limit is unknown and nothing is there", () => {
  const svg = drawDevice({
    limit: undefined,
    live: 0,
    listed: 0,
    mapped: 0,
    pending: 0,
    freedMapped: 0,
    allocators: [],
    allocations: undefined,
  }, { title: "mine" });
  elementsOf(svg);
  expect(svg).toContain("<title>mine</title>");
  expect(svg).toContain("0 pages are live");
});

test("`drawDevice()` refuses unknown options", () => {
  const report = new GrantDevice(new MockXen().domain(1)).inspect();
  expect(() => drawDevice(report, { size: 3 } as never)).toThrow("Cannot draw the device");
});
