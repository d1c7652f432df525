/** Who holds the pages of a device: `trackAllocations`. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { grantError } from "../support/grant_error.ts";

const tracking = (limit = 16) => new GrantDevice(new MockXen().domain(1), { limit, trackAllocations: true });

/** A caller whose name is in the stack. */
function ringBuffer(device: GrantDevice, pages: number) {
  return device.open().allocate(3, { pages, writable: true });
}

test("without tracking there is no list", () => {
  const device = new GrantDevice(new MockXen().domain(1));
  device.open().allocate(0);
  expect(device.inspect().allocations).toBe(undefined);
});

test("`trackAllocations` must be a boolean", () => {
  const domain = new MockXen().domain(1);
  expect(() => new GrantDevice(domain, { trackAllocations: 1 as unknown as boolean })).toThrow(
    "Cannot create a device as `trackAllocations` must be a boolean: current value is 1",
  );
});

describe("`inspect().allocations`", () => {
  test("lists the allocations that hold pages", () => {
    const device = tracking();
    const ring = ringBuffer(device, 4);
    const share = device.open().share(0);
    expect(device.inspect().allocations).toMatchObject([
      { domid: 3, writable: true, page: 0, pages: 4, grefs: ring.grefs, mappings: 0, freed: 0, freedPages: [] },
      { domid: 0, writable: false, page: 0, pages: 1, grefs: share.grefs, mappings: 1, freed: 0 },
    ]);
    const mapping = ring.map();
    ring.free({ start: 1, count: 2 });
    share.release();
    expect(device.inspect().allocations).toMatchObject([{ pages: 4, mappings: 1, freed: 2, freedPages: [1, 2] }]);
    ring.free();
    expect(device.inspect().allocations).toMatchObject([{ pages: 4, mappings: 1, freed: 4, freedPages: [0, 1, 2, 3] }]);
    mapping.unmap();
    expect(device.inspect().allocations).toEqual([]);
  });

  test("says when and where: the stack begins with the caller", () => {
    const device = tracking();
    ringBuffer(device, 1);
    const [report] = device.inspect().allocations!;
    expect(report!.age).toBeGreaterThanOrEqual(0);
    expect(report!.age).toBeLessThan(60_000);
    expect(report!.stack.split("\n")[0]).toMatch(/^at ringBuffer .*tracking_test\.ts/);
    device.open().share(0);
    expect(device.inspect().allocations![1]!.stack.split("\n")[0]).toContain("tracking_test.ts");
  });

  test("forgets what was freed, also without being asked", () => {
    const device = tracking(1024);
    const allocator = device.open();
    const kept = allocator.allocate(0);
    for (let time = 0; time < 1000; time++) allocator.allocate(0).free();
    expect(device.inspect().allocations).toMatchObject([{ grefs: kept.grefs }]);
    device.close();
    expect(device.inspect().allocations).toEqual([]);
  });
});

test("an error about a reached limit names the largest holders", () => {
  const device = tracking();
  const ring = ringBuffer(device, 9);
  const mapping = ring.map();
  ring.free();
  const allocator = device.open();
  for (const pages of [1, 3, 2]) allocator.allocate(0, { pages });
  const error = grantError(() => allocator.allocate(0, { pages: 2 }));
  expect(error.code).toBe("limit-reached");
  const [first, ...holders] = error.message.split("\n");
  expect(first).toBe(
    "Cannot allocate 2 pages: the limit is 16 and 15 are in use, 9 of them freed but still mapped here. Unmap the " +
      "freed ones that are mapped here, free pages, or raise `limit` of the device. The largest holders:",
  );
  expect(holders[0]).toMatch(
    /^- 9 pages for domain 3 \(all freed, mapped here\), allocated 0 s ago at ringBuffer .*tracking_test\.ts/,
  );
  expect(holders.map((line) => line.slice(0, 9))).toEqual(["- 9 pages", "- 3 pages", "- 2 pages"]);
  expect(device.inspect().live).toBe(15);
  mapping.unmap();
});

test("other errors pass as they are", () => {
  const device = tracking();
  ringBuffer(device, 1);
  const allocator = device.open();
  allocator.close();
  expect(grantError(() => allocator.allocate(0)).message).not.toContain("holders");
});
