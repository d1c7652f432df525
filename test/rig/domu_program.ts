/** Compiles the programs in C that domUs without Deno run. */

import { exec } from "../../scripts/exec.ts";

/** Compiles `NAME/NAME.c` into a cache folder, without shared libraries. Returns the program's path. */
export async function buildDomuProgram(cache: string, packages: string, name: string): Promise<string> {
  const program = `${cache}/${name}`;
  await exec("gcc", [
    ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-I", `${packages}/usr/include`],
    ...["-o", program, `${import.meta.dirname}/${name}/${name}.c`],
  ]);
  return program;
}
