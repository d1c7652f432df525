/** Compiles the programs in C that domUs without Deno run. */

import { exec } from "../../scripts/exec.ts";
import { type Machine, PROCESSORS } from "./machines.ts";

/** Compiles `NAME/NAME.c` into a cache folder, without shared libraries. Returns the program's path. */
export async function buildDomuProgram(
  cache: string,
  packages: string,
  machine: Machine,
  name: string,
): Promise<string> {
  const program = `${cache}/${name}`;
  await exec(PROCESSORS[machine.architecture].compiler, [
    ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-I", `${packages}/usr/include`],
    ...["-o", program, `${import.meta.dirname}/${name}/${name}.c`],
  ]);
  return program;
}
