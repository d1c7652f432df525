/** Whether a program that leaves a XenStore open stays alive. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { describe, expect, test } from "vitest";

const PROGRAM = new URL("programs/leaves.ts", import.meta.url).pathname;
const args = (what: string, most: number) => ["run", "--no-check", PROGRAM, what, String(most)];
/** How many requests the backend allows at a time. */
const MOST = [Infinity, 1];

describe.each(MOST)("with %d requests at a time", (most) => {
  test.each([
    ["a read", "1\n"],
    ["an aborted read", "TimeoutError\n"],
    ["a watch that nobody iterates", "a\n"],
    ["a transaction", "1\n"],
    ["a wait that is not answered", "timed-out\n"],
    ["a watch that was closed, and is not answered", "closed\n"],
    ["a commit that is not answered", "timed-out\n"],
  ])("a program ends by itself that leaves %s", (what, output) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args(what, most), {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect([status, stdout], stderr).toEqual([0, output]);
  });

  test.each(["an iterator", "a wait"])("a program stays alive that waits for %s", async (what) => {
    const program = spawn(process.execPath, args(what, most), { stdio: ["ignore", "pipe", "inherit"] });
    await once(program.stdout, "data");
    const ended = once(program, "exit");
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, "alive"))])).toBe("alive");
    program.kill();
    await ended;
  });
});
