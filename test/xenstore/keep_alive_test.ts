/** Whether a program that leaves a XenStore open stays alive. */
import { describe, test } from "vitest";
import { expectAlive, expectEnd } from "../support/keep_alive.ts";

const PROGRAM = new URL("programs/leaves.ts", import.meta.url);
/** How many requests the backend allows at a time. */
const MOST = ["Infinity", "1"];

describe.each(MOST)("with %s requests at a time", (most) => {
  test.each([
    ["a read", "1\n"],
    ["an aborted read", "TimeoutError\n"],
    ["a watch that nobody iterates", "a\n"],
    ["a transaction", "1\n"],
    ["a wait that has ended before its time", "1\n"],
    ["a wait that is not answered", "timed-out\n"],
    ["a watch that was closed, and is not answered", "closed\n"],
    ["a commit that is not answered", "timed-out\n"],
  ])("a program ends by itself that leaves %s", (what, output) => {
    expectEnd(PROGRAM, [what, most], output);
  });

  test.each(["an iterator", "a wait"])(
    "a program stays alive that waits for %s",
    (what) => expectAlive(PROGRAM, [what, most]),
  );
});
