/**
 * `deno task check:docs`: fails if a public symbol of an entry of the package has no docs or names a type that the entry
 * does not export, or if an example does not compile.
 *
 * @module
 */
import config from "../deno.json" with { type: "json" };
import { exec } from "./exec.ts";

const root = new URL("../", import.meta.url);
const entries = Object.values(config.exports).filter((path) => path.endsWith(".ts"));

// One at a time: together, an entry could lean on the types that another one exports.
for (const entry of entries) await exec(Deno.execPath(), ["doc", "--lint", entry], { cwd: root });
await exec(Deno.execPath(), ["check", "--doc", ...entries, "src/", "backends/", "README.md", "docs/"], { cwd: root });
console.log(`the docs of ${entries.length} entries are complete, and their examples compile`);
