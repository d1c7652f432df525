/** The section "workerd" of docs/node.md. */

import { exec } from "../../../scripts/exec.ts";
import { esbuild } from "../../../scripts/npm/bundles.ts";
import type { Checks } from "../package_checks.ts";
import type { Tools } from "../../../scripts/npm/projects.ts";
import { assertPrinted, SHARED, type Snippets } from "./snippets.ts";

const HOST = `${import.meta.dirname}/../worker_host.mjs`;
const REFUSED = "Cannot compile the WebAssembly core here";

/** Runs the workers, at the documented compatibility date and at older ones. */
export function workerdChecks(tools: Tools, snippets: Snippets): Checks {
  const { project, folder } = snippets;
  const date = /compatibility_date = "(.+)"/.exec(snippets.code("wrangler.toml"))![1]!;
  const dayBefore = new Date(Date.parse(date) - 86_400_000).toISOString().slice(0, 10);
  const core = `${project}/node_modules/@gntalloc/gntalloc/wasm/core.wasm`;
  /** Returns the answer of a worker, which may be the text of an error. */
  const run = async (root: string, name: string, date: string, ...modules: string[]) => {
    const bundle = await esbuild(tools, root, name);
    const args = [HOST, bundle, date, ...modules];
    return await exec(tools.node[22], args, { cwd: tools.folder }).catch((error: Error) => error.message);
  };
  return {
    "worker.js": async () => {
      snippets.code("worker.js");
      assertPrinted(await run(folder, "worker.js", date), SHARED);
      return `runs at ${date}`;
    },
    "worker.js at an older date": async () => {
      const answer = await run(folder, "worker.js", dayBefore);
      if (!answer.includes(REFUSED)) throw new Error(answer);
      return `the core cannot be compiled at ${dayBefore}`;
    },
    "worker_core.js at an older date": async () => {
      snippets.code("worker_core.js");
      assertPrinted(await run(folder, "worker_core.js", "2023-01-01", core), SHARED);
      return "runs at 2023-01-01";
    },
    "a dynamic import": async () => {
      const answer = await run(project, "worker_lazy.js", date, core);
      const { embedded, passed } = JSON.parse(answer);
      if (!embedded.includes(REFUSED)) throw new Error(`the embedded core: ${embedded}`);
      assertPrinted(passed, SHARED);
      return "works with a core that is passed, and with no other";
    },
  };
}
