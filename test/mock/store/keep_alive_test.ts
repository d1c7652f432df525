/** Whether a program that waits for the simulated XenStore stays alive. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { expect, test } from "vitest";

const PROGRAM = new URL("../programs/waits_for_store.ts", import.meta.url).pathname;
const args = (how: string) => ["run", "--no-check", PROGRAM, how];

test.each([["for a reply", "readable\n"], ["no longer", ""], ["killed", ""], ["destroyed", ""]])(
  "a program ends by itself that waits: %s",
  (how, output) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args(how), { encoding: "utf8", timeout: 60_000 });
    expect([status, stdout], stderr).toEqual([0, output]);
  },
);

test.each(["for ever", "for more"])("a program that waits %s stays alive, as on a device", async (how) => {
  const program = spawn(process.execPath, args(how), { stdio: ["ignore", "pipe", "inherit"] });
  await once(program.stdout, "data");
  const ended = once(program, "exit");
  expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, "alive"))])).toBe("alive");
  program.kill();
  await ended;
});
