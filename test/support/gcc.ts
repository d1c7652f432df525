/**
 * gcc, for tests that compile something.
 *
 * @module
 */

import { exec } from "../../scripts/exec.ts";

const INSTALL = "command -v gcc || { apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; }";

/**
 * Installs gcc if it is missing: on Debian, as root. If several processes call this, one installs and the others wait.
 *
 * @throws {Error} if gcc cannot be installed.
 */
export async function ensureGcc(): Promise<void> {
  try {
    await exec("gcc", ["--version"]);
    return;
  } catch (error) {
    if (!(error instanceof Error && error.cause instanceof Deno.errors.NotFound)) throw error;
  }
  const lock = `${Deno.env.get("TMPDIR") ?? "/tmp"}/gntalloc-gcc.lock`;
  try {
    await exec("flock", [lock, "sh", "-c", INSTALL]);
  } catch (cause) {
    throw new Error("Cannot compile: there is no gcc. Run `apt-get install gcc libc6-dev` as root.", { cause });
  }
}
