/**
 * What tests need of the system.
 *
 * @module
 */

import { exec } from "../../scripts/exec.ts";
import { exclusively } from "../../scripts/exclusively.ts";

/** Something that tests need. */
interface Needed {
  /** What is missing, for the message. */
  readonly name: string;
  /** A command that does nothing, and fails if it is missing. */
  readonly command: readonly [program: string, ...args: readonly string[]];
  /** Debian's packages of it. */
  readonly packages: string;
  /** What cannot be done without it. */
  readonly doing: string;
}

/** Debian's Python, to which its packages belong: there may be others on the path. */
export const PYTHON = "/usr/bin/python3";

/**
 * Installs gcc if it is missing, for tests that compile something.
 *
 * @throws {Error} if it cannot be installed.
 */
export async function ensureGcc(): Promise<void> {
  await ensure({ name: "gcc", command: ["gcc", "--version"], packages: "gcc libc6-dev", doing: "compile" });
}

/**
 * Installs tmux if it is missing, for tests of what is interactive.
 *
 * @throws {Error} if it cannot be installed.
 */
export async function ensureTmux(): Promise<void> {
  await ensure({ name: "tmux", command: ["tmux", "-V"], packages: "tmux", doing: "open a terminal" });
}

/**
 * Installs Python's library of Prometheus if it is missing, for tests of what Prometheus reads.
 *
 * @throws {Error} if it cannot be installed.
 */
export async function ensurePrometheusClient(): Promise<void> {
  await ensure({
    name: "prometheus_client",
    command: [PYTHON, "-c", "import prometheus_client"],
    packages: "python3-prometheus-client",
    doing: "read metrics",
  });
}

/** Installs something: on Debian, as root. If several processes call this, one installs it and the others wait. */
async function ensure({ name, command: [program, ...args], packages, doing }: Needed): Promise<void> {
  if (await works(program, args)) return;
  try {
    await exclusively("apt", async () => {
      // Another process may have installed it meanwhile.
      if (await works(program, args)) return;
      const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
      await exec("apt-get", ["update"], options);
      await exec("apt-get", ["install", "--yes", "--no-install-recommends", ...packages.split(" ")], options);
    });
  } catch (cause) {
    throw new Error(`Cannot ${doing}: there is no ${name}. Run \`apt-get install ${packages}\` as root.`, { cause });
  }
}

async function works(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await exec(program, args);
    return true;
  } catch {
    return false;
  }
}
