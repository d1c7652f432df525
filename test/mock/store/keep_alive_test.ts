/** Whether a program that waits for the simulated XenStore stays alive. */
import { test } from "vitest";
import { expectAlive, expectEnd } from "../../support/keep_alive.ts";

const PROGRAM = new URL("../programs/waits_for_store.ts", import.meta.url);

test.each([["for a reply", "readable\n"], ["no longer", ""], ["killed", ""], ["destroyed", ""]])(
  "a program ends by itself that waits: %s",
  (how, output) => {
    expectEnd(PROGRAM, [how], output);
  },
);

test.each(["for ever", "for more"])(
  "a program that waits %s stays alive, as on a device",
  (how) => expectAlive(PROGRAM, [how]),
);
