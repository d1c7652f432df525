/** Compiles the peer in C, with Xen's libraries of the unpacked packages. */

import { exec } from "../../scripts/exec.ts";

/** Compiles the program into a cache folder. Returns its path. */
export async function buildCPeer(cache: string, packages: string): Promise<string> {
  const source = `${import.meta.dirname}/peer`;
  const program = `${cache}/c-peer`;
  const files = (await Array.fromAsync(Deno.readDir(source))).map(({ name }) => name).filter((name) =>
    /\.c$/.test(name)
  );
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  await exec("gcc", [
    ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"],
    ...["-I", `${packages}/usr/include`, "-L", libraries, `-Wl,-rpath-link,${libraries}`],
    ...["-o", program, ...files.map((name) => `${source}/${name}`)],
    ...["-lxenvchan", "-lxengnttab", "-lxenevtchn"],
  ]);
  return program;
}
