/**
 * Makes `test/golden/abi.json`: the requests of Xen's grant devices as a C compiler lays them out. Run on Debian or Ubuntu.
 *
 * @module
 */

const source = new URL("golden.c", import.meta.url).pathname;
const golden = new URL("../../test/golden/abi.json", import.meta.url).pathname;
/** The packages needed, by a file that each of them brings. */
const PACKAGES = {
  "/usr/include/xen/gntalloc.h": "linux-libc-dev",
  "/usr/include/xen/grant_table.h": "libxen-dev",
  "/usr/include/stdio.h": "libc6-dev",
  "/usr/bin/gcc": "gcc",
};

async function run(command: string, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { success, code, stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
  if (!success) {
    throw new Error(`Cannot make the golden bytes as ${command} must succeed: current exit code is ${code}`);
  }
  return stdout;
}

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
  await run("apt-get", "update");
  await run("apt-get", "install", "--yes", "--no-install-recommends", ...missing);
}

const directory = await Deno.makeTempDir();
try {
  const program = `${directory}/golden`;
  await run("gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", program, source);
  await Deno.writeFile(golden, await run(program));
  await run(Deno.execPath(), "fmt", "--quiet", golden);
} finally {
  await Deno.remove(directory, { recursive: true });
}
console.log(`Wrote ${golden}`);
