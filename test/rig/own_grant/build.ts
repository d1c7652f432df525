/** Compiles the program that uses a grant of its own domain. */

import { exec } from "../../../scripts/exec.ts";

/** Compiles the program into a cache folder, without shared libraries. Returns its path. */
export async function buildOwnGrant(cache: string, packages: string): Promise<string> {
  const program = `${cache}/own_grant`;
  await exec("gcc", [
    ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-I", `${packages}/usr/include`],
    ...["-o", program, `${import.meta.dirname}/own_grant.c`],
  ]);
  return program;
}
