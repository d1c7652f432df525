import { exec } from "../../scripts/exec.ts";

/** Compiles the program in C that reads a block device, and returns its path. */
export async function buildReader(_packages: string, folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const program = `${folder}/reader`;
  const source = new URL("reader.c", import.meta.url).pathname;
  await exec("gcc", ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source]);
  return program;
}
