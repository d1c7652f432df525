/**
 * `deno task platforms:table`: writes the tables of docs/platforms.md from what the last whole runs of `test:npm` and
 * `test:xen` kept, and from the runs of the matrix, if there were any. With `--check` it writes nothing, and fails if
 * the tables of the whole runs claim anything else.
 */

import { parseArgs } from "node:util";
import { lastRun, matrix, TASKS, without } from "./ci/ran.ts";
import { tableOf, xenTableOf } from "./ci/table.ts";
import { formatted, withMarked } from "./marked.ts";

const { values } = parseArgs({ options: { check: { type: "boolean" } } });
const document = new URL("../docs/platforms.md", import.meta.url);
const before = await Deno.readTextFile(document);
const runs = await Promise.all(TASKS.map(lastRun));
const xens = runs.flatMap((run) => run.xens ?? []);
const tables: Record<string, string> = { "what-runs-where": tableOf(runs), "what-runs-on-which-xen": xenTableOf(xens) };
const more = without(await matrix(), xens);
if (!values.check && more.length > 0) tables["what-the-matrix-ran"] = xenTableOf(more);
let after = before;
for (const [name, table] of Object.entries(tables)) after = withMarked(after, name, table);
after = await formatted(after);
if (before === after) {
  console.log("docs/platforms.md is up to date");
} else if (values.check) {
  console.error(
    `${Object.values(tables).join("\n\n")}\n\ndocs/platforms.md says something else: run \`deno task platforms:table\``,
  );
  Deno.exit(1);
} else {
  await Deno.writeTextFile(document, after);
  console.log("docs/platforms.md was updated");
}
