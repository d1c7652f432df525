/** What people write on the command line and in scripts. */
import { expect, test } from "vitest";
import { readDuration } from "../../cli/src/values.ts";

test.each([
  ["500ms", 500],
  ["10", 10_000],
  ["1.5ms", 2],
  ["2m", 120_000],
  ["596h", 2_145_600_000],
  ["2147483647ms", 2 ** 31 - 1],
])("%s is %i ms", (text, milliseconds) => {
  expect(readDuration(text)).toBe(milliseconds);
});
