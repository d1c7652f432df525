/**
 * `deno task platforms:table`: writes the table of docs/platforms.md from what the last whole runs of `test:npm` and
 * `test:xen` kept. With `--check` it writes nothing, and fails if the table claims anything else.
 */

import { parseArgs } from "node:util";
import { lastRun, TASKS } from "./ci/ran.ts";
import { tableOf } from "./ci/table.ts";
import { formatted, withMarked } from "./marked.ts";

const { values } = parseArgs({ options: { check: { type: "boolean" } } });
const document = new URL("../docs/platforms.md", import.meta.url);
const before = await Deno.readTextFile(document);
const table = tableOf(await Promise.all(TASKS.map(lastRun)));
const after = await formatted(withMarked(before, "what-runs-where", table));
if (before === after) {
  console.log("docs/platforms.md is up to date");
} else if (values.check) {
  console.error(`${table}\n\ndocs/platforms.md says something else: run \`deno task platforms:table\``);
  Deno.exit(1);
} else {
  await Deno.writeTextFile(document, after);
  console.log("docs/platforms.md was updated");
}
