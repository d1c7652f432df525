/** Devices and allocators that are closed in the middle of something, or whose closing fails in part. */
import { expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";

function faulty() {
  const xen = new MockXen();
  const faults = new Faults();
  return { xen, faults, device: new GrantDevice(faults.wrap(xen.domain(1)), { core: debugCore }) };
}

test("`inspect()` of a device answers while an allocator is being closed", () => {
  const { faults, device } = faulty();
  const allocator = device.open();
  allocator.allocate(0, { pages: 2 });
  const other = device.open();
  let report: unknown;
  faults.before("endAccess", () => report = device.inspect());
  allocator.close();
  expect(report).toMatchObject({ live: 2, listed: 0, allocators: [{ live: 0, listed: 0 }] });
  other.close();
});

test("an allocator that cannot be closed now stays an allocator of its device", () => {
  const { xen, faults, device } = faulty();
  const allocator = device.open();
  let error: unknown;
  faults.before("grant", () => {
    try {
      allocator.close();
    } catch (thrown) {
      error = thrown;
    }
  }, { times: 1 });
  allocator.allocate(0);
  expect(error).toMatchObject({ code: "busy", operation: "close" });
  expect([allocator.closed, device.inspect().allocators.length]).toEqual([false, 1]);
  device.close();
  expect([allocator.closed, device.inspect().allocators.length]).toEqual([true, 0]);
  xen.assertClean();
});

test("`close()` of a device throws the first error, and closes all allocators", () => {
  const { faults, device } = faulty();
  const allocators = [device.open(), device.open(), device.open()];
  for (const allocator of allocators) allocator.allocate(0);
  const errors = [new Error("first"), new Error("second")];
  for (const error of errors) faults.fail("close", { error, when: "after" });
  expect(() => device.close()).toThrow(expect.objectContaining({ cause: errors[0] }));
  expect(allocators.map(({ closed }) => closed)).toEqual([true, true, true]);
  expect(device.inspect()).toMatchObject({ live: 0, allocators: [] });
});

test("an operation does not fail because another allocator's file cannot be closed", () => {
  const { faults, device } = faulty();
  const [closing, other] = [device.open(), device.open()];
  const pages = closing.allocate(0);
  const ours = pages.map();
  closing.close();
  faults.fail("close", { when: "after" });
  // The last mapping of the closed allocator ends: its file is closed with it, and its own error is its own.
  expect(() => ours.unmap()).toThrow(expect.objectContaining({ code: "backend-failed" }));
  expect(other.allocate(0).page).toBe(0);
  expect(device.inspect().live).toBe(1);
});
