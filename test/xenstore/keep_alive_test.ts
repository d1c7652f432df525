/** Whether a program that leaves a XenStore open stays alive. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { expect, test } from "vitest";

const PROGRAM = new URL("programs/leaves.ts", import.meta.url).pathname;
const args = (what: string) => ["run", "--no-check", PROGRAM, what];

test.each([
  ["a read", "1\n"],
  ["an aborted read", "TimeoutError\n"],
  ["a watch that nobody iterates", "a\n"],
  ["a transaction", "1\n"],
])("a program ends by itself that leaves %s", (what, output) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args(what), { encoding: "utf8", timeout: 60_000 });
  expect([status, stdout], stderr).toEqual([0, output]);
});

test.each(["an iterator", "a wait"])("a program stays alive that waits for %s", async (what) => {
  const program = spawn(process.execPath, args(what), { stdio: ["ignore", "pipe", "inherit"] });
  await once(program.stdout, "data");
  const ended = once(program, "exit");
  expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, "alive"))])).toBe("alive");
  program.kill();
  await ended;
});
