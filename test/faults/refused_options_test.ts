/** The whole message that a wrong option of a rule gets. */
import { expect, test } from "vitest";
import { type FailOptions, type FaultKind, Faults } from "../../backends/faults.ts";

test.each<[FaultKind, FailOptions, string]>([
  [
    "grant",
    { afterPages: -1 },
    "as `afterPages` must be a whole number from 0 to 9007199254740991: current value is -1",
  ],
  [
    "copy",
    { afterSegments: 0.5 },
    "as `afterSegments` must be a whole number from 0 to 9007199254740991: current value is 0.5",
  ],
  ["map", { afterPages: 1 }, "with `afterPages` as the kind of call must be grant or endAccess: current value is map"],
  ["grant", { afterPages: 1, when: "after" }, 'as `when` must be left out with `afterPages`: current value is "after"'],
  ["map", { nth: 0 }, "as `nth` must be a whole number from 1 to 9007199254740991: current value is 0"],
  [
    "map",
    { times: 0 },
    "as `times`, if it is not Infinity, must be a whole number from 1 to 9007199254740991: current value is 0",
  ],
  ["map", { rate: 2 }, "as `rate` must be a number from 0 to 1: current value is 2"],
])("fail(%o, %o)", (kind, options, message) => {
  expect(() => new Faults().fail(kind, options)).toThrow(
    expect.objectContaining({ message: `Cannot make calls fail ${message}` }),
  );
});
