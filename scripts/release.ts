/**
 * `deno task release`: runs all tests and prints what a release of this commit would publish to npm and JSR. It
 * publishes nothing, and fails while there is a reason not to publish. With `--no-tests` it skips the tests, and then
 * always fails.
 */

import { parseArgs } from "node:util";
import { buildCli, buildNpm, readPackage, sha256 } from "./build_npm.ts";
import { summary } from "./ci/counts.ts";
import { obstaclesTo } from "./ci/obstacles.ts";
import { runParts } from "./ci/parts.ts";
import { exec, run } from "./exec.ts";
import { REPOSITORY } from "./npm/manifest.ts";

const root = Deno.realPathSync(`${import.meta.dirname}/..`);

/** Runs git in the repository and returns the lines of its output. */
async function git(...args: string[]): Promise<string[]> {
  return (await exec("git", args, { cwd: root })).split("\n").filter((line) => line !== "");
}

/** Prints a dry run, and returns the reason not to publish that it found, if any. */
async function dryRun(command: string, ...args: string[]): Promise<string[]> {
  console.log(`\n=== ${command} ${args.join(" ")}`);
  const { success, stdout, stderr } = await run(command, args, { cwd: root, env: { NO_COLOR: "1" } });
  console.log(stdout + stderr);
  return success ? [] : [`the dry run of \`${command} publish\` failed`];
}

const { values } = parseArgs({ options: { "no-tests": { type: "boolean" } } });
const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
const obstacles = obstaclesTo({
  version,
  changelog: await Deno.readTextFile(`${root}/CHANGELOG.md`),
  changes: await git("status", "--porcelain"),
  tags: await git("tag"),
  repository: REPOSITORY,
});

if (values["no-tests"]) {
  obstacles.push("the tests did not run");
} else {
  const counts = await runParts();
  console.log(summary(counts));
  if (counts.failed > 0 || counts.passed === 0) obstacles.push("a test failed");
  if (counts.skipped > 0) obstacles.push("a test was skipped");
}

const tarballs = [await buildNpm(`${root}/.cache/npm`), await buildCli(`${root}/.cache/npm`)];
for (const tarball of tarballs) {
  obstacles.push(...await dryRun("npm", "publish", "--dry-run", "--access", "public", tarball));
}
obstacles.push(...await dryRun(Deno.execPath(), "publish", "--dry-run", "--allow-dirty"));

const [commit] = await git("rev-parse", "HEAD");
console.log(`\nversion ${version}, commit ${commit}`);
for (const tarball of tarballs) {
  const [files, { size }] = [await readPackage(tarball), await Deno.stat(tarball)];
  console.log(`${files.size} files, ${size} bytes, sha256 ${await sha256(tarball)}\n${tarball}`);
}
if (obstacles.length > 0) {
  console.log(`This commit must not be published:\n${obstacles.map((obstacle) => `- ${obstacle}`).join("\n")}`);
  Deno.exit(1);
}
console.log("Nothing was published. docs/releasing.md says how to publish.");
