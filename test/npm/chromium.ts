/** Debian's Chromium. */

import { exec } from "../../scripts/exec.ts";
import { exclusively } from "../../scripts/exclusively.ts";

const CHROMIUM = "/usr/bin/chromium";

/** Finds Chromium, or installs it on Debian as root. Returns its path, or the reason why there is none. */
export async function findChromium(): Promise<string | Error> {
  const version = () => exec(CHROMIUM, ["--version"]);
  const apt = (...args: string[]) => exec("apt-get", args, { env: { DEBIAN_FRONTEND: "noninteractive" } });
  try {
    await version();
  } catch {
    try {
      await exclusively("apt", async () => {
        // Another process may have installed it meanwhile.
        if (await version().then(() => true, () => false)) return;
        await apt("update");
        await apt("install", "--yes", "--no-install-recommends", "chromium");
      });
      await version();
    } catch (error) {
      return error as Error;
    }
  }
  return CHROMIUM;
}
