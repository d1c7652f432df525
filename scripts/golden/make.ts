/**
 * `deno task golden`: writes `test/golden/abi.json`, the requests of Xen's grant devices as a C compiler lays them out.
 * Runs on Debian or Ubuntu for x86-64, and installs what it needs. A compiler for aarch64 must lay them out alike.
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
  "/usr/bin/aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
  "/usr/aarch64-linux-gnu/include/stdio.h": "libc6-dev-arm64-cross",
  "/usr/bin/qemu-aarch64-static": "qemu-user-static",
};
const FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];

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
  await exec("gcc", [...FLAGS, "-o", program, source]);
  const layout = await exec(program);
  const onArm = `${program}-aarch64`;
  // Debian has Xen's headers for the processor of this machine only, and they are for all.
  await exec("aarch64-linux-gnu-gcc", [...FLAGS, "-static", "-idirafter", "/usr/include", "-o", onArm, source]);
  if (await exec("qemu-aarch64-static", [onArm]) !== layout) {
    throw new Error("Cannot write one layout as a compiler for aarch64 makes another");
  }
  await Deno.writeTextFile(golden, layout);
  await exec(Deno.execPath(), ["fmt", "--quiet", golden]);
} finally {
  await Deno.remove(directory, { recursive: true });
}
console.log(`Wrote ${golden}`);
