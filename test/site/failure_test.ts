import { expect, test } from "vitest";
import { failureOf } from "../../site/src/runner/failure.ts";

const ADDRESS = "blob:null/1";

/** An error that was thrown in a line of the program. */
function errorAt(line: number, properties: object): Error {
  return Object.assign(new Error("no"), { stack: `Error: no\n    at ${ADDRESS}:${line}:5\n    at a:1:1` }, properties);
}

const hostile = new Proxy({}, {
  get() {
    throw new Error("no");
  },
});

test.each([
  ["an error", errorAt(3, {}), { text: "Line 3: Error: no", code: undefined, line: 3 }],
  [
    "one of the library",
    errorAt(3, { name: "GrantError", code: "limit" }),
    { text: "Line 3: GrantError: no", code: "grant:limit", line: 3 },
  ],
  [
    "one that is named like what all objects have",
    errorAt(3, { name: "toString", code: "a" }),
    { text: "Line 3: toString: no", code: undefined, line: 3 },
  ],
  ["one from elsewhere", { stack: "at a:1:1", b: 1 }, { text: '{ stack: "at a:1:1", b: 1 }', code: undefined }],
  ["nothing", undefined, { text: "undefined", code: undefined }],
  ["what cannot be looked at", hostile, { text: "a value that cannot be shown", code: undefined }],
])("failureOf() describes %s", (_, error, expected) => {
  expect(failureOf(error, ADDRESS)).toEqual({ line: undefined, ...expected });
});
