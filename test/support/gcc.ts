/** gcc, for tests that compile something. */
import { exec } from "../rig/exec.ts";

const INSTALL = "command -v gcc || { apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; }";

/**
 * Makes sure that there is gcc: where it is missing it is installed, on Debian as root; by one process, while others wait.
 *
 * @throws {Error} if it cannot be had.
 */
export async function ensureGcc(): Promise<void> {
  try {
    await exec("gcc", ["--version"]);
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const lock = `${Deno.env.get("TMPDIR") ?? "/tmp"}/gntalloc-gcc.lock`;
  const reason = await exec("flock", [lock, "sh", "-c", INSTALL]).then(() => undefined, (error: Error) => error);
  if (reason === undefined) return;
  throw new Error("Cannot compile as there is no gcc: run `apt-get install gcc libc6-dev` as root", { cause: reason });
}
