/** Compiles the peer in C, with Xen's libraries of the unpacked packages. */

import { exec } from "../../scripts/exec.ts";
import { type Machine, PROCESSORS } from "./machines.ts";

/** Compiles the program into a cache folder. Returns its path. */
export async function buildCPeer(cache: string, packages: string, machine: Machine): Promise<string> {
  const source = `${import.meta.dirname}/peer`;
  const program = `${cache}/c-peer`;
  const files = (await Array.fromAsync(Deno.readDir(source))).map(({ name }) => name).filter((name) =>
    /\.c$/.test(name)
  );
  const { compiler, triplet } = PROCESSORS[machine.architecture];
  const libraries = `${packages}/usr/lib/${triplet}`;
  // The libraries may need a later C library than the compiler has. The guest has it.
  const later = "-Wl,--allow-shlib-undefined";
  await exec(compiler, [
    ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"],
    ...["-I", `${packages}/usr/include`, "-L", libraries, `-Wl,-rpath-link,${libraries}`, later],
    ...["-o", program, ...files.map((name) => `${source}/${name}`)],
    ...["-lxenvchan", "-lxengnttab", "-lxenevtchn"],
  ]);
  return program;
}
