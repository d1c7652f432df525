/**
 * `deno task test:site`: builds the site, and tests it in Chromium, which it installs on Debian as root. Screenshots of
 * all lessons and some pages are in `.cache/site-shots/`: look at them.
 */

import { buildSite } from "../../site/build.ts";
import { folder } from "../../scripts/ci/ran.ts";
import { type Results, SITE_RESULTS } from "../../scripts/ci/results.ts";
import { run } from "../../scripts/exec.ts";
import { SITE } from "./browser.ts";

/** Each file has a thread and a browser of its own. */
const FILES = ["lessons", "pages", "offline", "play", "views", "strangers", "editor", "addresses", "missing"];

async function main(): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  await buildSite(SITE);
  const [parallel, alone] = SITE_RESULTS;
  const code = await testFiles(FILES, parallel!, ["--parallel"]);
  // It prints times, which the tests of this task do not delay.
  return await testFiles(["budget"], alone!) || code;
}

/** Runs tests of this folder, and returns the exit code. */
async function testFiles(names: readonly string[], { file }: Results, flags: readonly string[] = []): Promise<number> {
  const { code } = await run(Deno.execPath(), [
    ...["test", "--allow-all", "--no-check", ...flags, `--junit-path=${file.pathname}`],
    ...names.map((name) => `${import.meta.dirname}/${name}.ts`),
  ], { output: "inherit" });
  return code;
}

Deno.exit(
  await main().catch((error) => {
    console.error(`cannot test the site: ${error.message}`);
    return 1;
  }),
);
