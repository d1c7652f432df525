/**
 * `deno task readme:table`: puts into the README what runs where, as the last whole runs of `test:npm` and `test:xen` found it.
 * With `--check` it changes nothing, and fails where the README claims something else.
 */

import { formatted, withMarked } from "./marked.ts";
import { lastRun, TASKS } from "./ci/ran.ts";
import { tableOf } from "./ci/table.ts";

const readme = new URL("../README.md", import.meta.url);
const before = await Deno.readTextFile(readme);
const runs = await Promise.all(TASKS.map(lastRun));
const after = await formatted(withMarked(before, "what-runs-where", tableOf(runs)));
if (before === after) {
  console.log("the README says what ran");
} else if (Deno.args.includes("--check")) {
  console.error(`${tableOf(runs)}\n\nThe README says something else: run \`deno task readme:table\``);
  Deno.exit(1);
} else {
  await Deno.writeTextFile(readme, after);
  console.log("written into the README");
}
