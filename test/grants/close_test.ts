/** `close()` of a device, on backends that fail. */
import { expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

test("`close()` of the device throws what it could not end, each time", () => {
  const { device } = brokenDevice(() => ({
    endAccess() {
      throw new Error("never");
    },
  }));
  device.open().allocate(0);
  for (let round = 0; round < 3; round++) expect(grantError(() => device.close()).message).toContain("never");
  expect(device.inspect()).toMatchObject({ live: 1, pending: 1 });
});

test("`close()` of the device closes the other allocators when one fails", () => {
  let fails = 1;
  const { device } = brokenDevice((file) => ({
    close() {
      if (fails-- > 0) throw new Error("planned");
      file.close();
    },
  }));
  const [first, second] = [device.open(), device.open()];
  expect(grantError(() => device.close()).operation).toBe("close");
  expect([first.closed, second.closed]).toEqual([true, true]);
});

test("`close()` of the device closes every file without pages, even if each one fails", () => {
  let closes = 0;
  let stuck = true;
  const { device } = brokenDevice((file) => ({
    endAccess(...args) {
      if (stuck) throw new Error("stuck");
      return file.endAccess(...args);
    },
    close() {
      closes++;
      throw new Error("closing");
    },
  }));
  for (const allocator of [device.open(), device.open()]) {
    allocator.allocate(0);
    grantError(() => allocator.close());
  }
  stuck = false;
  expect(grantError(() => device.close()).message).toContain("closing");
  expect(closes).toBe(2);
});
