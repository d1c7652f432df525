/** The section "Browser and bundlers" of docs/node.md. */

import { exec } from "../../../scripts/exec.ts";
import type { Checks } from "../package_checks.ts";
import type { Tools } from "../../../scripts/npm/projects.ts";
import { assertPrinted, SHARED, type Snippets } from "./snippets.ts";

const HOST = `${import.meta.dirname}/../page_host.mjs`;

/** The pages, each with its modules and the policy that it works under. */
const PAGES: Readonly<Record<string, { readonly modules: readonly string[]; readonly policy: string }>> = {
  "page.js": { modules: ["page.js"], policy: "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" },
  "page_core.js": { modules: ["page_core.js", "core_worker.js"], policy: "default-src 'self'; script-src 'self'" },
};

/** Bundles the pages with the documented command, and opens them in Chromium. */
export function browserChecks(tools: Tools, snippets: Snippets, chromium: string): Checks {
  const { project, folder } = snippets;
  const [, , ...bundle] = snippets.command("npx esbuild ");
  const core = `${project}/node_modules/@gntalloc/gntalloc/wasm/core.wasm`;
  return Object.fromEntries(
    Object.entries(PAGES).map(([page, { modules, policy }]) => [page, async () => {
      for (const name of modules) {
        snippets.code(name);
        await tools.run("esbuild/bin/esbuild", bundle.map((word) => word.replace("page.js", name)), folder);
      }
      const args = [HOST, chromium, `${folder}/dist`, page, core, policy];
      assertPrinted(JSON.parse(await exec(tools.node[22], args, { cwd: tools.folder })), SHARED);
      return policy;
    }]),
  );
}
