/** What an image needs to run the npm package under Node: Node itself, and a project that has the package installed. */

import { buildNpm } from "../../scripts/build_npm.ts";
import { installNode, installPackage, KOFFI } from "../npm/projects.ts";

/** The oldest Node that the package is for. */
const LINE = "22";

/** Makes the project in a cache folder. */
export async function buildNodeProject(cache: string): Promise<{ node: string; project: string }> {
  const folder = `${cache}/node`;
  const project = `${folder}/project`;
  const node = await installNode(folder, LINE);
  await installPackage(project, await buildNpm(folder), KOFFI);
  // The image wants files; npm's folder of commands has links.
  await Deno.remove(`${project}/node_modules/.bin`, { recursive: true }).catch(() => {});
  return { node, project };
}
