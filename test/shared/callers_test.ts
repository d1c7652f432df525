/** The caller's line in the stacks of errors. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { Recorder } from "../../backends/record.ts";
import { GrantDevice, GrantError, GrantMapper, type XenDomain } from "../../mod.ts";

function stackOf(action: () => unknown): string {
  try {
    ourLine(action);
  } catch (error) {
    return (error as Error).stack!;
  }
  throw new Error("nothing was thrown");
}

function ourLine(action: () => unknown) {
  action();
}

/** A domain whose calls go through a recorder and faults: deep enough that 10 frames do not reach the caller. */
function wrapped(domain: XenDomain): XenDomain {
  return new Recorder(() => {}).wrap(new Faults().wrap(domain)) as XenDomain;
}

describe.each([["the mock", (domain: XenDomain) => domain], ["a wrapped mock", wrapped]])("on %s", (_, wrap) => {
  const xen = new MockXen();
  const device = new GrantDevice(wrap(xen.domain(1)));
  const allocator = device.open();
  const mapper = new GrantMapper(wrap(xen.domain(0)));

  test.each<[string, () => unknown]>([
    ["an argument", () => allocator.allocate(0, { pages: 0 })],
    ["an option", () => allocator.allocate(0, { page: 0 } as object)],
    ["a limit", () => allocator.allocate(0, { pages: 5000 })],
    ["pages that are not there", () => allocator.free(9, 1)],
    ["a refused map", () => mapper.map(1, [8])],
    ["a refused notify", () => allocator.share(0, { unmapNotify: { eventPort: 77 } })],
  ])("the stack of an error about %s has the caller's line, once", (_, action) => {
    expect(stackOf(action).match(/at ourLine /g)).toHaveLength(1);
  });
});

test("an error that cannot be changed is thrown as it is", () => {
  const frozen = Object.freeze(new GrantError("m", { code: "closed", operation: "map" }));
  const deep = (depth: number): never => {
    if (depth === 0) throw frozen;
    return deep(depth - 1);
  };
  const maps = { name: "frozen", open: () => deep(20) };
  expect(() => new GrantMapper({ maps }).map(1, [8])).toThrow(frozen);
});

test("`Error.captureStackTrace` moves the stack of a `GrantError`", () => {
  const error = new GrantError("m", { code: "closed", operation: "map" });
  const move = () => Error.captureStackTrace(error);
  move();
  expect(error.stack).toMatch(/^GrantError: m\n {4}at move /);
});
