/** What a device says about its limit, and about pages that are freed but not gone. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantError, GrantMapper } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

describe("`inspect().limit`", () => {
  test("is right before anything else has read the limit", () => {
    const xen = new MockXen();
    expect(new GrantDevice(xen.domain(1)).inspect().limit).toBe(1024);
    expect(new GrantDevice(xen.domain(1), { limit: 3 }).inspect().limit).toBe(3);
    xen.domain(1).limit = Infinity;
    expect(new GrantDevice(xen.domain(1)).inspect().limit).toBe(Infinity);
  });

  test("is undefined if the backend cannot tell, and asked for again next time", () => {
    let answer: unknown = NaN;
    const { device } = brokenDevice(undefined, { limit: () => answer as number });
    expect(device.inspect().limit).toBe(undefined);
    answer = 5;
    expect(device.inspect().limit).toBe(5);
  });

  test("is the last one if the backend can no longer tell", () => {
    let fails = false;
    const { device } = brokenDevice(undefined, {
      limit() {
        if (fails) throw new Error("planned");
        return 7;
      },
    });
    expect(device.inspect().limit).toBe(7);
    fails = true;
    expect(device.inspect().limit).toBe(7);
    expect(grantError(() => device.limit).code).toBe("backend-failed");
  });

  test("does not call the backend in the middle of a call", () => {
    const limits: unknown[] = [];
    let asked = 0;
    const { device } = brokenDevice(undefined, {
      limit() {
        asked++;
        limits.push(device.inspect().limit);
        return 9;
      },
    });
    device.open();
    expect([limits, asked]).toEqual([[undefined], 1]);
  });
});

describe("an error about a reached limit", () => {
  const full = (limit: number) => {
    const xen = new MockXen({ profile: "linux-5.16" });
    const device = new GrantDevice(xen.domain(1), { limit });
    return { xen, device, allocator: device.open() };
  };

  test("names freed pages that are still mapped here, and says to unmap them", () => {
    const { device, allocator } = full(4);
    const pages = allocator.allocate(0, { pages: 4 });
    const mapping = pages.map();
    pages.free();
    expect(device.inspect()).toMatchObject({ live: 4, listed: 0, freedMapped: 4, pending: 0 });
    expect(grantError(() => allocator.allocate(0)).message).toBe(
      "Cannot allocate 1 page: the limit is 4 and 4 are in use, 4 of them freed but still mapped here. " +
        "Unmap the freed ones that are mapped here, or raise `limit` of the device.",
    );
    mapping.unmap();
    expect(device.inspect().freedMapped).toBe(0);
    allocator.allocate(0, { pages: 4 });
  });

  test("names pages of a closed allocator that a mapping keeps", () => {
    const { device, allocator } = full(3);
    const mapping = allocator.allocate(0, { pages: 3 }).map({ start: 1, count: 1 });
    allocator.close();
    expect(device.inspect()).toMatchObject({ live: 3, freedMapped: 3 });
    expect(grantError(() => device.open().allocate(0)).message).toContain("3 of them freed but still mapped here");
    mapping.unmap();
    expect(device.inspect()).toMatchObject({ live: 0, freedMapped: 0 });
  });

  test("names what is held for each reason, and each way out", () => {
    const { xen, allocator } = full(6);
    const pages = allocator.allocate(0, { pages: 6 });
    const ours = pages.map({ start: 0, count: 2 });
    const theirs = new GrantMapper(xen.domain(0)).map(1, [pages.grefs[2]!]);
    pages.free({ start: 0, count: 3 });
    expect(grantError(() => allocator.allocate(0, { pages: 2 })).message).toBe(
      "Cannot allocate 2 pages: the limit is 6 and 6 are in use, 2 of them freed but still mapped here, " +
        "1 of them freed but still mapped by the peer or not ended yet. Unmap the freed ones that are mapped here, " +
        "have the peers unmap theirs, free pages, or raise `limit` of the device.",
    );
    ours.unmap();
    theirs.unmap();
    allocator.allocate(0, { pages: 3 });
  });

  test("if the system refuses, says what this device holds of freed pages", () => {
    let full = false;
    const { device } = brokenDevice((file) => ({
      grant(...args) {
        if (full) throw new GrantError("The table is full", { code: "no-space", operation: "allocate", errno: 28 });
        file.grant(...args);
      },
    }));
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 4 });
    const mapping = pages.map();
    full = true;
    expect(grantError(() => allocator.allocate(0)).message).toBe("The table is full");
    pages.free();
    const error = grantError(() => allocator.allocate(0));
    expect(error).toMatchObject({ code: "no-space", errno: 28, operation: "allocate" });
    expect(error.message).toBe(
      "The table is full. This device still holds 4 pages, 4 of them freed but still mapped here. " +
        "Unmap the freed ones that are mapped here.",
    );
    mapping.unmap();
  });
});
