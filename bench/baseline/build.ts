/**
 * Builds the variants that are written in C.
 *
 * @module
 */

/** The variants in C: whether replacing random pages is gone through before it is measured. */
const VARIANTS = { founding: false, leaf: true };

/** A variant that is written in C. */
export type Native = keyof typeof VARIANTS;

/**
 * Compiles all variants into a directory, which is made if it is not there.
 *
 * @returns The path of the program of each.
 * @throws {Error} if there is no gcc, or it fails.
 */
export async function buildNative(directory: string): Promise<Record<Native, string>> {
  await Deno.mkdir(directory, { recursive: true });
  const source = (name: string) => new URL(name, import.meta.url).pathname;
  const build = async (variant: Native): Promise<string> => {
    const program = `${directory}/${variant}`;
    const settles = VARIANTS[variant] ? ["-DSETTLES"] : [];
    const flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", ...settles, "-o", program];
    const gcc = new Deno.Command("gcc", { args: [...flags, source("program.c"), source(`${variant}.c`)] });
    const { success, stderr } = await gcc.output().catch((cause) => {
      throw new Error("Cannot compare with C as there is no gcc: run `apt-get install gcc libc6-dev` as root", {
        cause,
      });
    });
    if (!success) throw new Error(`Cannot build ${program}: ${new TextDecoder().decode(stderr)}`);
    return program;
  };
  return { founding: await build("founding"), leaf: await build("leaf") };
}
