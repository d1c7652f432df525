/** The sections "Node" and "CommonJS" of docs/node.md. */

import { exec } from "../../../scripts/exec.ts";
import type { Checks } from "../package_checks.ts";
import { NODES } from "../../../scripts/npm/node_lines.ts";
import type { Tools } from "../../../scripts/npm/projects.ts";
import { assertPrinted, SHARED, type Snippets } from "./snippets.ts";

const PRINTED: Readonly<Record<string, string>> = { "share.mjs": "hello", "device.mjs": "", "share.cjs": SHARED };

/** Runs the programs on every Node. */
export function nodeChecks(tools: Tools, snippets: Snippets): Checks {
  return Object.fromEntries(NODES.map((line) => [`Node ${line}`, async () => {
    for (const [name, printed] of Object.entries(PRINTED)) {
      snippets.code(name);
      assertPrinted(await exec(tools.node[line], [name], { cwd: snippets.folder }), printed);
    }
    return `${Object.keys(PRINTED).join(", ")} run`;
  }]));
}
