/** Whether a program that leaves a device stays alive: as long as the device is open. */
import { test } from "vitest";
import { expectAlive, expectEnd } from "../support/keep_alive.ts";

const PROGRAM = new URL("programs/leaves.ts", import.meta.url);

test.each(["closed devices", "a device of a killed program", "an aborted wait"])(
  "a program ends by itself that leaves %s",
  (what) => expectEnd(PROGRAM, [what], "left\n"),
);

test.each(["a device", "a wait"])(
  "a program stays alive that leaves %s",
  (what) => expectAlive(PROGRAM, [what]),
);
