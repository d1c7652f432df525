/**
 * `deno task test:site`: builds the site, and tests it in Chromium, which it installs on Debian as root. Screenshots of
 * all lessons and some pages are in `.cache/site-shots/`: look at them.
 */

import { buildSite } from "../../site/build.ts";
import { folder } from "../../scripts/ci/ran.ts";
import { SITE_RESULTS } from "../../scripts/ci/results.ts";
import { run } from "../../scripts/exec.ts";
import { SITE } from "./browser.ts";

async function main(): Promise<number> {
  await Deno.mkdir(folder, { recursive: true });
  await buildSite(SITE);
  // Each file has a thread and a browser of its own.
  const { code } = await run(Deno.execPath(), [
    ...["test", "--allow-all", "--no-check", "--parallel", `--junit-path=${SITE_RESULTS[0]!.file.pathname}`],
    ...["lessons", "play", "pages", "budget"].map((name) => `${import.meta.dirname}/${name}.ts`),
  ], { output: "inherit" });
  return code;
}

Deno.exit(
  await main().catch((error) => {
    console.error(`cannot test the site: ${error.message}`);
    return 1;
  }),
);
