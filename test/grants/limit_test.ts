/** The limit of a device, on backends that change it or call back. */
import { expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

test("`open()` and `limit` throw `busy` if the limit of the backend calls back", () => {
  const { device } = brokenDevice(undefined, { limit: () => device.limit });
  expect(grantError(() => device.open()).code).toBe("busy");
  expect(grantError(() => device.limit).code).toBe("busy");
});

test("setting `limit` throws `busy` in the middle of a call", () => {
  const { device } = brokenDevice((file) => ({
    grant(...args) {
      device.limit = 7;
      file.grant(...args);
    },
  }));
  expect(grantError(() => device.open().allocate(0)).code).toBe("busy");
  expect(device.limit).toBe(1024);
});

test("`limit` stays as it was set when the limit of the backend changes", () => {
  let limit = 10;
  const { device } = brokenDevice(undefined, { limit: () => limit });
  const allocator = device.open();
  expect(device.limit).toBe(10);
  device.limit = 3;
  limit = 20;
  expect(grantError(() => allocator.allocate(0, { pages: 4 })).code).toBe("limit-reached");
  expect(device.limit).toBe(3);
  device.limit = Infinity;
  expect(device.limit).toBe(Infinity);
  expect(device.inspect().limit).toBe(Infinity);
});
