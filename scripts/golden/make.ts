/**
 * `deno task golden`: writes `test/golden/abi.json`, the requests of Xen's grant devices as a C compiler lays them out.
 * Runs on Debian or Ubuntu, and installs what it needs.
 */

import { exec } from "../exec.ts";

const source = new URL("golden.c", import.meta.url).pathname;
const golden = new URL("../../test/golden/abi.json", import.meta.url).pathname;
/** The packages to install, each by a file that it contains. */
const PACKAGES = {
  "/usr/include/xen/gntalloc.h": "linux-libc-dev",
  "/usr/include/xen/grant_table.h": "libxen-dev",
  "/usr/include/stdio.h": "libc6-dev",
  "/usr/bin/gcc": "gcc",
};

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

const missing: string[] = [];
for (const [file, name] of Object.entries(PACKAGES)) {
  if (!await exists(file)) missing.push(name);
}
if (missing.length > 0) {
  await exec("apt-get", ["update"]);
  await exec("apt-get", ["install", "--yes", "--no-install-recommends", ...missing]);
}

const directory = await Deno.makeTempDir();
try {
  const program = `${directory}/golden`;
  await exec("gcc", ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", program, source]);
  await Deno.writeTextFile(golden, await exec(program));
  await exec(Deno.execPath(), ["fmt", "--quiet", golden]);
} finally {
  await Deno.remove(directory, { recursive: true });
}
console.log(`Wrote ${golden}`);
