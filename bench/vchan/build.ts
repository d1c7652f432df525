import { exec } from "../../scripts/exec.ts";

const here = import.meta.dirname!;
const FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2"];

const devices = `${here}/stand_in/devices.c`;

/** Compiles the stand-in for the devices. Returns the path of a C library whose calls reach it. */
export async function buildDevices(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const libc = `${folder}/devices.so`;
  await exec("gcc", [...FLAGS, "-shared", "-fPIC", "-o", libc, devices]);
  return libc;
}

/**
 * Compiles the end in C over the stand-in, linked with the unpacked packages' libxenvchan as it comes. Returns its path.
 */
export async function buildEnd(folder: string, packages: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const program = `${folder}/end`;
  await exec("gcc", [
    ...[...FLAGS, "-I", `${here}/stand_in`, "-I", `${packages}/usr/include`, "-o", program, `${here}/end.c`],
    ...[devices, `${here}/stand_in/libraries.c`, `${packages}/usr/lib/x86_64-linux-gnu/libxenvchan.a`],
  ]);
  return program;
}
