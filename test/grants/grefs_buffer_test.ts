/** The buffer of references that the library passes to backends. */
import { describe, expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

describe("a backend that transfers the buffer of the references away", () => {
  const detach = (grefs: Uint32Array) => structuredClone(grefs.buffer, { transfer: [grefs.buffer as ArrayBuffer] });

  test("in `grant`: `allocate()` throws, and the next allocation works", () => {
    let moves = true;
    const { device } = brokenDevice((file) => ({
      grant(page, count, domid, writable, grefs) {
        if (moves) return void detach(grefs);
        file.grant(page, count, domid, writable, grefs);
      },
    }));
    const allocator = device.open();
    expect(grantError(() => allocator.allocate(0, { pages: 3 })).code).toBe("backend-failed");
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, pending: 0 });
    moves = false;
    expect(allocator.allocate(0, { pages: 3 }).page).toBe(0);
  });

  test("in `endAccess`: `free()` works, and so does the next one", () => {
    const { device, xen } = brokenDevice((file) => ({
      endAccess(page, count, grefs) {
        const copy = grefs.slice(0, count);
        detach(grefs);
        return file.endAccess(page, count, copy);
      },
    }));
    const allocator = device.open();
    allocator.allocate(0, { pages: 3 }).free();
    allocator.allocate(0, { pages: 3 }).free();
    xen.assertClean();
  });
});

test("`allocate()` leaves earlier references alone when there is no memory for more", () => {
  const { device } = brokenDevice();
  const allocator = device.open();
  const pages = allocator.allocate(0, { pages: 64 });
  const { Uint32Array } = globalThis;
  globalThis.Uint32Array = new Proxy(Uint32Array, {
    construct() {
      throw new RangeError("Array buffer allocation failed");
    },
  });
  try {
    expect(grantError(() => allocator.allocate(0, { pages: 65 })).code).toBe("no-memory");
  } finally {
    globalThis.Uint32Array = Uint32Array;
  }
  expect(device.inspect()).toMatchObject({ live: 64, listed: 64, pending: 0 });
  expect(allocator.allocate(0, { pages: 65 }).page).toBe(64);
  pages.map().unmap();
});
