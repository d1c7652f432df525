/** Failures that are due for the same call. */
import { expect, test } from "vitest";
import { machine, thrown } from "../support/faulty_machine.ts";

test("failures that are due for the same call each happen once, in the order in which they were set", () => {
  const { faults, device, finish } = machine();
  const allocator = device.open();
  const errors = [new Error("first"), new Error("second"), new Error("third")];
  const rules = errors.map((error) => faults.fail("grant", { error }));
  for (const error of errors) expect(thrown(() => allocator.allocate(0)).cause).toBe(error);
  allocator.allocate(0);
  expect(rules.map(({ fired }) => fired)).toEqual([1, 1, 1]);
  expect([faults.calls("grant"), faults.injected("grant")]).toEqual([4, 3]);
  finish();
});
