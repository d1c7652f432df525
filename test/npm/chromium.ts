/** A Chromium for tests, that of Debian. */

import { exec } from "./exec.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Finds Chromium, or installs it on Debian as root; returns its path, or why it cannot be had. */
export async function findChromium(cwd: string): Promise<string | Error> {
  const version = () => exec(CHROMIUM, ["--version"], cwd);
  try {
    await version();
  } catch {
    try {
      await exec("apt-get", ["update"], cwd);
      await exec("apt-get", ["install", "--yes", "--no-install-recommends", "chromium"], cwd);
      await version();
    } catch (error) {
      return error as Error;
    }
  }
  return CHROMIUM;
}
