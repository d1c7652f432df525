/**
 * `deno task release`: runs all tests, and prints what a release of this commit would publish, to npm and to JSR. It publishes
 * nothing, and fails while something stands in the way of it. `--no-tests` leaves the tests out, and so can only fail.
 */

import { gunzipSync } from "node:zlib";
import { buildNpm, sha256 } from "./build_npm.ts";
import { summary } from "./ci/counts.ts";
import { obstaclesTo } from "./ci/obstacles.ts";
import { runParts } from "./ci/parts.ts";
import { REPOSITORY } from "./npm/manifest.ts";
import { readTar } from "./npm/tar.ts";

const root = Deno.realPathSync(`${import.meta.dirname}/..`);

/** What a program printed, all of it; throws where it failed. */
async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const said = decoder.decode(stdout) + decoder.decode(stderr);
  if (!success) throw new Error(`${command} ${args.join(" ")} failed:\n${said}`);
  return said;
}

/** Prints what a dry run says; returns why it failed, if it did. */
async function dryRun(command: string, ...args: string[]): Promise<string[]> {
  console.log(`\n=== ${command} ${args.join(" ")}`);
  try {
    console.log(await run(command, ...args));
    return [];
  } catch (error) {
    console.log((error as Error).message);
    return [`the dry run of \`${command} publish\` failed`];
  }
}

const [flag, ...others] = Deno.args;
if (others.length > 0 || (flag !== undefined && flag !== "--no-tests")) {
  console.error(`unknown argument ${flag}; known: --no-tests`);
  Deno.exit(2);
}

const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
const obstacles = obstaclesTo({
  version,
  changelog: await Deno.readTextFile(`${root}/CHANGELOG.md`),
  changes: (await run("git", "status", "--porcelain")).split("\n").filter((line) => line !== ""),
  tags: (await run("git", "tag")).split("\n"),
  repository: REPOSITORY,
});

if (flag === "--no-tests") {
  obstacles.push("the tests did not run");
} else {
  const counts = await runParts();
  console.log(summary(counts));
  if (counts.failed > 0 || counts.passed === 0) obstacles.push("a test failed");
  if (counts.skipped > 0) obstacles.push("a test was skipped");
}

const tarball = await buildNpm(`${root}/.cache/npm`);
const bytes = await Deno.readFile(tarball);
const files = readTar(new Uint8Array(gunzipSync(bytes)));
obstacles.push(...await dryRun("npm", "publish", "--dry-run", "--access", "public", tarball));
obstacles.push(...await dryRun(Deno.execPath(), "publish", "--dry-run", "--allow-dirty"));

console.log(`\nversion ${version}, commit ${(await run("git", "rev-parse", "HEAD")).trim()}`);
console.log(`${files.size} files, ${bytes.length} bytes, sha256 ${await sha256(tarball)}`);
console.log(tarball);
if (obstacles.length > 0) {
  console.log(`Nothing may be published:\n${obstacles.map((obstacle) => `- ${obstacle}`).join("\n")}`);
  Deno.exit(1);
}
console.log("Nothing was published; docs/releasing.md says how a person does it.");
