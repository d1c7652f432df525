/** Whether a program that waits on the mock stays alive. */
import { test } from "vitest";
import { expectAlive, expectEnd } from "../support/keep_alive.ts";

const PROGRAM = new URL("programs/waits.ts", import.meta.url);

for (
  const [how, output] of [
    ["a signal", "TimeoutError\n"],
    ["a timeout", "TimeoutError\n"],
    ["no longer", "closed\n"],
    ["killed", ""],
    ["destroyed", ""],
  ] as const
) {
  test(`a program ends by itself that waits: ${how}`, () => {
    expectEnd(PROGRAM, [how], output);
  });
}

test("a program that waits for ever stays alive, as on a device", () => expectAlive(PROGRAM, ["for ever"]));
