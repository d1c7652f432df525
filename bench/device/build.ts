/**
 * Builds the side in C, and the device that stands in for the real one.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";
import { type Machine, PROCESSORS, USUAL } from "../../test/rig/machines.ts";

const here = import.meta.dirname!;
const FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2"];

/** Compiles `share.c` against the unpacked package libxen-dev, and returns the path of the program. */
export async function buildShare(packages: string, directory: string, machine: Machine = USUAL): Promise<string> {
  await Deno.mkdir(directory, { recursive: true });
  const program = `${directory}/share`;
  const { compiler, triplet } = PROCESSORS[machine.architecture];
  const libraries = `${packages}/usr/lib/${triplet}`;
  // The library may need a later C library than the compiler has. The guest has it.
  const later = "-Wl,--allow-shlib-undefined";
  await exec(compiler, [
    ...[...FLAGS, "-I", `${packages}/usr/include`, "-o", program],
    ...[`${here}/share.c`, `${libraries}/libxengnttab.so.1`, `-Wl,-rpath-link,${libraries}`, later],
  ]);
  return program;
}

/** Compiles the stand-in into a library that replaces calls of the C library, and `share.c` into a program over it. */
export async function buildStandIn(directory: string): Promise<{ libc: string; share: string }> {
  await Deno.mkdir(directory, { recursive: true });
  const [libc, share] = [`${directory}/stand_in.so`, `${directory}/share`];
  const flags = [...FLAGS, "-I", `${here}/stand_in`];
  await exec("gcc", [...flags, "-shared", "-fPIC", "-o", libc, `${here}/stand_in/device.c`]);
  await exec("gcc", [...flags, "-o", share, `${here}/share.c`, `${here}/stand_in/device.c`]);
  return { libc, share };
}
