import type { Tools } from "./daemon.ts";

/** Returns what run.ts has prepared for the tests. */
export function preparedTools(): Tools {
  const prepared = (name: string) => {
    const value = Deno.env.get(name);
    if (value === undefined) throw new Error(`${name} is not set: run \`deno task test:store\``);
    return value;
  };
  return { packages: prepared("GNTALLOC_PACKAGES"), library: prepared("GNTALLOC_STAND_IN") };
}
