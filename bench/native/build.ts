/**
 * Builds what stands in for the device, and the side in C over it.
 *
 * @module
 */
import { exec } from "../../scripts/exec.ts";

/** Compiles both into a directory: the library that has the calls of the C library, and the program. */
export async function buildDevice(directory: string): Promise<{ libc: string; share: string }> {
  await Deno.mkdir(directory, { recursive: true });
  const here = import.meta.dirname!;
  const [libc, share] = [`${directory}/device.so`, `${directory}/share`];
  const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-I", here];
  await exec("gcc", [...flags, "-shared", "-fPIC", "-o", libc, `${here}/device.c`]);
  await exec("gcc", [...flags, "-o", share, `${here}/../xen/share.c`, `${here}/device.c`]);
  return { libc, share };
}
