/**
 * `deno task test:store`: tests the simulated store and the client against Debian's C xenstored and its oxenstored,
 * without Xen. Installs what it needs, and starts a test runner. See README.md in the folder above.
 */

import { run } from "../../../scripts/exec.ts";
import { folder } from "../../../scripts/ci/ran.ts";
import { STORE_RESULTS } from "../../../scripts/ci/results.ts";
import { buildNpm } from "../../../scripts/build_npm.ts";
import { NODES } from "../../../scripts/npm/node_lines.ts";
import { installNode, installPackage, KOFFI } from "../../../scripts/npm/projects.ts";
import { installTools, unpackPackages, whatIsMissing } from "../../rig/packages.ts";
import { buildStandIn } from "./daemon.ts";
import { parseOptions } from "./options.ts";

async function main(): Promise<number> {
  const { daemons } = parseOptions(Deno.args);
  const missing = await whatIsMissing(["gcc"]);
  if (missing !== undefined) throw new Error(missing);
  const repository = Deno.realPathSync(`${import.meta.dirname}/../../..`);
  const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`;
  await Deno.mkdir(cache, { recursive: true });
  await Deno.mkdir(folder, { recursive: true });
  await installTools(console.log, ["gcc"]);
  const packages = await unpackPackages(cache, console.log);
  const build = await Deno.makeTempDir({ prefix: "gntalloc-store-" });
  try {
    const library = await buildStandIn(build, packages);
    const node = await installNode(`${repository}/.cache/npm`, NODES[0]);
    const project = `${build}/project`;
    await installPackage(project, await buildNpm(build), {
      packages: [KOFFI],
      programs: `${repository}/test/npm/programs`,
    });
    // Each file has a thread of its own.
    const { code } = await run(Deno.execPath(), [
      ...["test", "--allow-all", "--no-check", "--parallel", `--junit-path=${STORE_RESULTS[0]!.file.pathname}`],
      ...daemons.map((daemon) => `${import.meta.dirname}/${daemon}.ts`),
      ...["--", ...Deno.args],
    ], {
      cwd: repository,
      env: {
        GNTALLOC_PACKAGES: packages,
        GNTALLOC_STAND_IN: library,
        GNTALLOC_NODE: node,
        GNTALLOC_NODE_PROJECT: project,
      },
      output: "inherit",
    });
    return code;
  } finally {
    await Deno.remove(build, { recursive: true });
  }
}

Deno.exit(
  await main().catch((error) => {
    console.error(`Cannot test the daemons of XenStore: ${error.message}`);
    return 1;
  }),
);
