/** Backends that call the library in the middle of a call, and throw on its refusal. */
import { expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

test("`close()` leaves the allocator closed, and its pages to others, if the file's `close` calls back", () => {
  const { device } = brokenDevice(() => ({ close: () => void device.open() }));
  const allocator = device.open();
  allocator.allocate(0, { pages: 3 });
  expect(grantError(() => allocator.close()).code).toBe("busy");
  expect(allocator.closed).toBe(true);
  const other = device.open();
  other.allocate(0, { pages: 3 });
  expect(allocator.has(0, 3)).toBe(false);
  expect(grantError(() => allocator.free(0, 3)).code).toBe("closed");
  expect(other.has(0, 3)).toBe(true);
});

test("`close()` leaves the allocator closed, and its pages pending, if `endAccess` calls back", () => {
  let calls = true;
  const { device } = brokenDevice((file) => ({
    endAccess(...args) {
      if (calls) device.open();
      return file.endAccess(...args);
    },
  }));
  const allocator = device.open();
  allocator.allocate(0, { pages: 3 });
  grantError(() => allocator.close());
  expect(grantError(() => allocator.allocate(0)).code).toBe("closed");
  expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
  calls = false;
  device.close();
  expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
});

test("`unmap()` ends the mapping once if the memory's `unmap` calls back", () => {
  const { device } = brokenDevice((file) => ({
    map(...args) {
      const memory = file.map(...args);
      return {
        bytes: memory.bytes,
        unmap() {
          memory.unmap();
          device.open();
        },
      };
    },
  }));
  const pages = device.open().allocate(0, { pages: 2 });
  const [first, second] = [pages.map(), pages.map()];
  expect(grantError(() => first.unmap()).code).toBe("busy");
  first.unmap();
  first.unmap();
  expect(device.inspect()).toMatchObject({ mapped: 2 });
  grantError(() => second.unmap());
  expect(device.inspect()).toMatchObject({ mapped: 0 });
});
