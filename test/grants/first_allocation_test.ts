/** The first call of an allocator: its limit, and its arguments. */
import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";

test("a limit of the system that was raised after the allocator was opened counts for its first pages", () => {
  const domain = new MockXen({ limit: 1 }).domain(1);
  using device = new GrantDevice(domain, { core: debugCore });
  const allocator = device.open();
  domain.limit = 4;
  expect(allocator.allocate(0, { pages: 4 }).page).toBe(0);
});

test("`share()` names itself when an option is wrong, and shares nothing", () => {
  using device = new GrantDevice(new MockXen().domain(1), { core: debugCore });
  const allocator = device.open();
  expect(() => allocator.share(0, { writable: 1 as unknown as boolean })).toThrow(
    "Cannot share as `writable` must be a boolean: current value is 1",
  );
  expect(device.inspect().live).toBe(0);
});
