/** Callers whose options change each time they are read. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";

describe("values that change between two reads", () => {
  /** Makes an object whose property has one of the values after the other. */
  function changing(name: string, ...values: unknown[]): object {
    let look = 0;
    return Object.defineProperty({}, name, {
      enumerable: true,
      get: () => values[Math.min(look++, values.length - 1)],
    });
  }

  test("a limit is read once", () => {
    const backend = new MockXen().domain(1).grants;
    expect(new GrantDevice({ grants: backend }, changing("limit", 5, NaN)).limit).toBe(5);
  });

  test("an unmap notify is copied, and read once", () => {
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
});
