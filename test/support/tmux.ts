/**
 * tmux, for tests of what is interactive.
 *
 * @module
 */

import { exec } from "../../scripts/exec.ts";

const INSTALL = "command -v tmux || { apt-get update && apt-get install --yes --no-install-recommends tmux; }";

/**
 * Installs tmux if it is missing: on Debian, as root. If several processes call this, one installs and the others wait.
 *
 * @throws {Error} if tmux cannot be installed.
 */
export async function ensureTmux(): Promise<void> {
  try {
    await exec("tmux", ["-V"]);
    return;
  } catch (error) {
    if (!(error instanceof Error && error.cause instanceof Deno.errors.NotFound)) throw error;
  }
  const lock = `${Deno.env.get("TMPDIR") ?? "/tmp"}/gntalloc-tmux.lock`;
  try {
    await exec("flock", [lock, "sh", "-c", INSTALL]);
  } catch (cause) {
    throw new Error("Cannot open a terminal: there is no tmux. Run `apt-get install tmux` as root.", { cause });
  }
}
