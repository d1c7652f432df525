/**
 * Builds the variants that are written in C.
 *
 * @module
 */
import { exec } from "../../../scripts/exec.ts";

/** The variants in C, and whether each replaces random pages before that is measured. */
const VARIANTS = { first_driver: false, leaf: true };

/** A variant that is written in C. */
export type NativeVariant = keyof typeof VARIANTS;

/**
 * Compiles all variants into a directory, and makes the directory if it is missing.
 *
 * @returns The path of each variant's program.
 * @throws {Error} if there is no gcc, or it fails.
 */
export async function buildNative(directory: string): Promise<Record<NativeVariant, string>> {
  await Deno.mkdir(directory, { recursive: true });
  try {
    await exec("gcc", ["--version"]);
  } catch (cause) {
    throw new Error("Cannot compare with C: gcc is missing. Run `apt-get install gcc libc6-dev` as root.", { cause });
  }
  const source = (name: string) => new URL(name, import.meta.url).pathname;
  const build = async (variant: NativeVariant): Promise<string> => {
    const program = `${directory}/${variant}`;
    const settles = VARIANTS[variant] ? ["-DSETTLES"] : [];
    const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", ...settles, "-o", program];
    await exec("gcc", [...flags, source("program.c"), source(`${variant}.c`)]);
    return program;
  };
  return { first_driver: await build("first_driver"), leaf: await build("leaf") };
}
