/** What rules are given is checked, also what actions return. */
import { describe, expect, test, vi } from "vitest";
import { type FaultCall, type FaultKind, Faults, InjectedFault } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { debugCore } from "../support/debug_core.ts";
import { faultyMachine } from "../support/faulty_machine.ts";
import { grantError } from "../support/grant_error.ts";
import { thrown } from "../support/thrown.ts";

// deno-lint-ignore no-explicit-any -- calls without types, as from JavaScript
const faults: any = new Faults();

describe("an option that does not exist is refused:", () => {
  const schedule = "the options are `part`, `nth`, `times` and `rate`";
  test.each<[string, () => unknown, string]>([
    [
      "of the faults",
      () => new Faults({ seeds: 1 } as object),
      "Cannot create faults as there is no option `seeds`: did you mean `seed`? The only option is `seed`",
    ],
    [
      "of a failure",
      () => faults.fail("grant", { afterPage: 1 }),
      "Cannot make calls fail as there is no option `afterPage`: did you mean `afterPages`? The options are `part`, " +
      "`nth`, `times`, `rate`, `error`, `when`, `afterPages` and `afterSegments`",
    ],
    [
      "of a hold",
      () => faults.hold({ gref: [1] }),
      "Cannot hold pages as there is no option `gref`: did you mean `grefs`? The options are `grefs`, `asks` and `rate`",
    ],
    [
      "of a refusal",
      () => faults.refuse({ part: "maps" }),
      "Cannot refuse segments as there is no option `part`: the options are `nth`, `times`, `rate`, `grefs` and `status`",
    ],
    [
      "before a call",
      () => faults.before("grant", () => {}, { when: "after" }),
      `Cannot run an action before a call as there is no option \`when\`: ${schedule}`,
    ],
    [
      "after a call",
      () => faults.after("grant", () => {}, { when: "after" }),
      `Cannot run an action after a call as there is no option \`when\`: ${schedule}`,
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(new ArgumentTypeError(message));
  });
});

test("a property of `Object.prototype` is no option", () => {
  const proto = Object.prototype as { times?: number };
  proto.times = 7;
  try {
    const machine = faultyMachine();
    const allocator = machine.device.open();
    machine.faults.fail("grant");
    grantError(() => allocator.allocate(0));
    allocator.allocate(0);
    machine.finish();
  } finally {
    delete proto.times;
  }
});

test("references that are none are refused", () => {
  expect(() => faults.hold({ grefs: [8, "9"] })).toThrow(
    new ArgumentTypeError('Cannot hold pages as `grefs[1]` must be a number: current value is "9"'),
  );
  expect(() => faults.refuse({ grefs: [-1] })).toThrow("`grefs[0]` must be a whole number from 0 to 4294967295");
  expect(() => faults.hold({ grefs: new Array(1) })).toThrow("`grefs[0]` must be a number: current value is undefined");
});

test("a kind or a part that does not exist is not counted", () => {
  expect(() => faults.calls("grants")).toThrow("Cannot count calls as the kind of call must be one of open, limit");
  expect(() => faults.calls(undefined, "both")).toThrow(
    'Cannot count calls as `part` must be one of "grants", "maps", "events", "store": current value is "both"',
  );
  expect(() => faults.injected("map", "map")).toThrow("Cannot count faults as `part` must be one of");
});

test("what is no domain is not wrapped", () => {
  for (const domain of [undefined, {}, new MockXen()]) {
    expect(() => faults.wrap(domain)).toThrow("Cannot inject faults as the domain must have at least one of `grants`");
  }
});

test.each<[FaultKind]>([["grant"], ["endAccess"], ["close"]])(
  "an action that returns a promise makes %s fail, and its rejection is not unhandled",
  async (kind) => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      const { faults, device, finish } = faultyMachine();
      const allocator = device.open();
      if (kind === "grant") faults.before(kind, () => Promise.reject(new Error("late")), { times: 1 });
      else faults.after(kind, async () => await Promise.reject(new Error("late")), { times: 1 });
      const error = thrown(() => {
        allocator.allocate(0).free();
        allocator.close();
      });
      const when = kind === "grant" ? "before" : "after";
      expect(error.cause).toEqual(
        new ArgumentTypeError(
          `Cannot run an action ${when} a call as the action must be done when it returns: it returned a promise`,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(unhandled).not.toHaveBeenCalled();
      finish();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  },
);

test("a function that returns a promise instead of the error makes the call fail, too", () => {
  const { faults, device, finish } = faultyMachine();
  const allocator = device.open();
  faults.fail("grant", { error: () => Promise.reject(new Error("late")) });
  expect(grantError(() => allocator.allocate(0)).cause).toEqual(
    new ArgumentTypeError(
      "Cannot make calls fail as the function `error` must be done when it returns: it returned a promise",
    ),
  );
  finish();
});

test("an InjectedFault needs a call", () => {
  expect(() => new InjectedFault(undefined as unknown as FaultCall)).toThrow(
    new ArgumentTypeError("Cannot create an InjectedFault as `call` must be an object: current value is undefined"),
  );
});

test("nothing of this set a rule", () => {
  const device = new GrantDevice(faults.wrap(new MockXen().domain(1)), { core: debugCore });
  device.open().allocate(0).map().unmap();
  device.close();
  expect(faults.injected()).toBe(0);
});
