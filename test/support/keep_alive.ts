/**
 * Whether programs stay alive. The programs do what their arguments say.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { expect } from "vitest";

const args = (program: URL, what: readonly string[]) => ["run", "--no-check", program.pathname, ...what];

/** Expects that a program ends by itself, without an error, after it has printed some output. */
export function expectEnd(program: URL, what: readonly string[], output: string): void {
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args(program, what), options);
  expect([status, stdout], stderr).toEqual([0, output]);
}

/** Expects that a program stays alive after it has printed something, and ends it. */
export async function expectAlive(program: URL, what: readonly string[]): Promise<void> {
  const running = spawn(process.execPath, args(program, what), { stdio: ["ignore", "pipe", "inherit"] });
  await once(running.stdout, "data");
  const ended = once(running, "exit");
  expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300, "alive"))])).toBe("alive");
  running.kill();
  await ended;
}
