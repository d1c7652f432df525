/**
 * Programs of the system that tests need.
 *
 * @module
 */

import { exec } from "../../scripts/exec.ts";

/** A program that tests run. */
interface Needed {
  readonly program: string;
  /** An argument with which it does nothing. */
  readonly argument: string;
  /** Debian's packages of it. */
  readonly packages: string;
  /** What cannot be done without it. */
  readonly doing: string;
}

/**
 * Installs gcc if it is missing, for tests that compile something.
 *
 * @throws {Error} if it cannot be installed.
 */
export async function ensureGcc(): Promise<void> {
  await ensure({ program: "gcc", argument: "--version", packages: "gcc libc6-dev", doing: "compile" });
}

/**
 * Installs tmux if it is missing, for tests of what is interactive.
 *
 * @throws {Error} if it cannot be installed.
 */
export async function ensureTmux(): Promise<void> {
  await ensure({ program: "tmux", argument: "-V", packages: "tmux", doing: "open a terminal" });
}

/** Installs a program: on Debian, as root. If several processes call this, one installs it and the others wait. */
async function ensure({ program, argument, packages, doing }: Needed): Promise<void> {
  try {
    await exec(program, [argument]);
    return;
  } catch (error) {
    if (!(error instanceof Error && error.cause instanceof Deno.errors.NotFound)) throw error;
  }
  const lock = `${Deno.env.get("TMPDIR") ?? "/tmp"}/gntalloc-${program}.lock`;
  const install = `apt-get update && apt-get install --yes --no-install-recommends ${packages}`;
  try {
    await exec("flock", [lock, "sh", "-c", `command -v ${program} || { ${install}; }`]);
  } catch (cause) {
    throw new Error(`Cannot ${doing}: there is no ${program}. Run \`apt-get install ${packages}\` as root.`, { cause });
  }
}
