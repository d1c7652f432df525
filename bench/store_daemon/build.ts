import { exec } from "../../scripts/exec.ts";

/** Compiles the program in C on libxenstore of the unpacked packages, and returns its path. */
export async function buildClient(folder: string, packages: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const libraries = `${packages}/usr/lib/x86_64-linux-gnu`;
  const program = `${folder}/client`;
  await exec("gcc", [
    ...["-O2", "-Wall", "-Wextra", "-Werror", "-I", `${packages}/usr/include`, "-L", libraries],
    ...[`-Wl,-rpath,${libraries},-rpath-link,${libraries}`, "-o", program],
    ...[new URL("client.c", import.meta.url).pathname, "-lxenstore"],
  ]);
  return program;
}
