import type { Tools } from "./daemon.ts";

/** Returns what run.ts has prepared for the tests. */
export function preparedTools(): Tools {
  return { packages: prepared("GNTALLOC_PACKAGES"), library: prepared("GNTALLOC_STAND_IN") };
}

/** Returns the path of Node, and a project that has the npm package and the programs of its tests. */
export function preparedNode(): { readonly node: string; readonly project: string } {
  return { node: prepared("GNTALLOC_NODE"), project: prepared("GNTALLOC_NODE_PROJECT") };
}

function prepared(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined) throw new Error(`${name} is not set: run \`deno task test:store\``);
  return value;
}
