/**
 * Builds the side in C.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";

/** Compiles `share.c` against the unpacked package libxen-dev: the path of the program. */
export async function buildShare(packages: string, directory: string): Promise<string> {
  await Deno.mkdir(directory, { recursive: true });
  const program = `${directory}/share`;
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  await exec("gcc", [
    ...["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-I", `${packages}/usr/include`, "-o", program],
    ...[`${import.meta.dirname}/share.c`, `${libraries}/libxengnttab.so.1`, `-Wl,-rpath-link,${libraries}`],
  ]);
  return program;
}
