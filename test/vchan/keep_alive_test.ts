/** Whether a program that leaves a channel stays alive: as with a socket, as long as it listens or is connected. */
import { test } from "vitest";
import { expectAlive, expectEnd } from "../support/keep_alive.ts";

const PROGRAM = new URL("programs/leaves.ts", import.meta.url);

test.each([
  "a closed server",
  "closed connections",
  "a connection that the other side has closed",
  "a connection of a killed program",
  "an aborted call",
])("a program ends by itself that leaves %s", (what) => expectEnd(PROGRAM, [what], "left\n"));

test.each(["a connection", "a call that waits for a client", "an idle server", "an idle server for no domain"])(
  "a program stays alive that leaves %s",
  (what) => expectAlive(PROGRAM, [what]),
);
