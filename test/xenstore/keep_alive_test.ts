/** Whether a program that leaves a XenStore open stays alive. */
import { test } from "vitest";
import { expectAlive, expectEnd } from "../support/keep_alive.ts";

const PROGRAM = new URL("programs/leaves.ts", import.meta.url);

test.each([
  ["a read", "1\n"],
  ["an aborted read", "TimeoutError\n"],
  ["a watch that nobody iterates", "a\n"],
  ["a transaction", "1\n"],
])("a program ends by itself that leaves %s", (what, output) => {
  expectEnd(PROGRAM, what, output);
});

test.each(["an iterator", "a wait"])("a program stays alive that waits for %s", (what) => expectAlive(PROGRAM, what));
