/** Gets Deno for a machine. */

import { installOnce } from "../../scripts/npm/projects.ts";
import { type Machine, PROCESSORS, USUAL } from "./machines.ts";

/** Returns this Deno, or the same version for another processor, which npm has. */
export async function denoFor({ architecture }: Machine, cache: string): Promise<string> {
  if (architecture === USUAL.architecture) return Deno.execPath();
  const { npm } = PROCESSORS[architecture];
  const name = `@deno/linux-${npm}-glibc`;
  const folder = `${cache}/deno-${npm}`;
  await installOnce(folder, [`${name}@${Deno.version.deno}`], npm);
  return `${folder}/node_modules/${name}/deno`;
}
