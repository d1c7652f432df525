/** Rules that are due for the same call. */
import { expect, test } from "vitest";
import { faultyMachine } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";

test("failures that are due for the same call each happen once, in the order in which they were set", () => {
  const { faults, device, finish } = faultyMachine();
  const allocator = device.open();
  const errors = [new Error("first"), new Error("second"), new Error("third")];
  const rules = errors.map((error) => faults.fail("grant", { error }));
  for (const error of errors) expect(grantError(() => allocator.allocate(0)).cause).toBe(error);
  allocator.allocate(0);
  expect(rules.map(({ fired }) => fired)).toEqual([1, 1, 1]);
  expect([faults.calls("grant"), faults.injected("grant")]).toEqual([4, 3]);
  finish();
});

test("actions before a call that fails get their turn, and actions after it get it at the next call", () => {
  const { faults, device, finish } = faultyMachine();
  const allocator = device.open();
  const seen: string[] = [];
  faults.fail("grant");
  const before = faults.before("grant", ({ number }) => seen.push(`before ${number}`), { times: 1 });
  const after = faults.after("grant", ({ number }) => seen.push(`after ${number}`), { times: 1 });
  grantError(() => allocator.allocate(0));
  expect([before.fired, after.fired]).toEqual([1, 0]);
  allocator.allocate(0);
  allocator.allocate(0);
  expect([before.fired, after.fired]).toEqual([1, 1]);
  expect(seen).toEqual(["before 1", "after 2"]);
  finish();
});
