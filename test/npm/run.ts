/**
 * `deno task test:npm`: packs the library, installs the tarball into new projects, and tests it there on every runtime that it
 * promises, never from the source tree. Needs npm and the npm registry, and gcc for the device backend; see docs/releasing.md.
 *
 * `--only=TEXT` runs the checks with TEXT in their names.
 */

import { buildNpm } from "../../scripts/build_npm.ts";
import { buildShim } from "../shim/shim.ts";
import { esbuild, sizeOf, vite } from "./bundles.ts";
import { findChromium } from "./chromium.ts";
import { exec } from "./exec.ts";
import { packageChecks } from "./package_checks.ts";
import { testPostStep } from "./post_step.ts";
import { installPackage, installTools, KOFFI, NODES } from "./projects.ts";
import type { Outcome } from "./programs/tests.ts";

const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = `${repository}/.cache/npm`;

const totals = { passed: 0, failed: 0, skipped: 0 };
const only = Deno.args[0]?.match(/^--only=(.+)$/)?.[1];

/** Runs one check and prints its line: it throws, answers with what came of its tests, or says what it found. */
async function check(name: string, body: () => Promise<string | Outcome>): Promise<void> {
  if (only !== undefined && !name.includes(only)) return;
  const started = performance.now();
  let line: string;
  try {
    const result = await body();
    const { passed, failed } = typeof result === "string" ? { passed: 1, failed: [] } : result;
    if (passed + failed.length === 0) throw new Error("no test ran");
    totals.passed += passed;
    totals.failed += failed.length;
    line = typeof result === "string"
      ? `ok, ${result}`
      : [`${passed} passed, ${failed.length} failed`, ...failed].join("\n  ");
  } catch (error) {
    totals.failed++;
    line = `failed: ${error instanceof Error ? error.message : error}`;
  }
  console.log(`${name}: ${line} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** Prints the line of a check that cannot run here. */
function skip(name: string, reason: string): void {
  if (only !== undefined && !name.includes(only)) return;
  totals.skipped++;
  console.log(`${name}: skipped, ${reason}`);
}

/** What a program printed in its last line. */
async function outcome(said: Promise<string>): Promise<Outcome> {
  return JSON.parse((await said).trim().split("\n").at(-1)!);
}

async function main(): Promise<number> {
  if (Deno.args.length > (only === undefined ? 0 : 1)) {
    console.error(`unknown argument ${Deno.args[0]}; known: --only=TEXT`);
    return 1;
  }
  const tarball = await buildNpm(cache);
  const tools = await installTools(cache);
  const project = `${cache}/project`;
  const deviceProject = `${cache}/device_project`;
  await installPackage(project, tarball);
  await installPackage(deviceProject, tarball, KOFFI);
  const library = Deno.build.os === "linux" ? await buildShim(deviceProject) : undefined;

  for (const [name, body] of Object.entries(packageChecks(tools, repository, tarball, project))) {
    await check(`package, ${name}`, body);
  }
  await check("package, what follows deno pack", testPostStep);
  for (const line of NODES) {
    const node = tools.node[line];
    const version = `Node ${(await exec(node, ["--version"], project)).trim().slice(1)}`;
    await check(`${version}, mock`, () => outcome(exec(node, ["mock_cli.ts"], project)));
    await check(`${version}, require()`, () => outcome(exec(node, ["required.cjs"], project)));
    await check(`${version}, without koffi`, () => outcome(exec(node, ["no_koffi.ts"], project)));
    for (const [name, program] of Object.entries({ device: "device.ts", "event channels": "events.ts" })) {
      if (library === undefined) skip(`${version}, ${name} over a shim`, "the devices are Linux's");
      else await check(`${version}, ${name} over a shim`, () => outcome(exec(node, [program, library], deviceProject)));
    }
  }
  const bun = (await exec(tools.bun, ["--version"], project)).trim();
  await check(`Bun ${bun}, mock`, () => outcome(exec(tools.bun, ["mock_cli.ts"], project)));

  for (const [name, bundle] of Object.entries({ esbuild, vite })) {
    await check(`${name}, mock`, async () => {
      return await outcome(exec(tools.node[22], [await bundle(tools, project, "mock_cli.ts")], project));
    });
    await check(`${name}, a program on the mock`, async () => {
      const path = await bundle(tools, project, "app.ts");
      await exec(tools.node[22], [path], project);
      return await sizeOf(path);
    });
  }

  const host = `${import.meta.dirname}/worker_host.mjs`;
  const core = `${project}/node_modules/@gntalloc/gntalloc/wasm/core.wasm`;
  await check("workerd, mock, embedded core", async () => {
    const bundle = await esbuild(tools, project, "worker.ts");
    return await outcome(exec(tools.node[22], [host, bundle, "2025-06-01"], tools.folder));
  });
  await check("workerd of 2023, mock, core as a module", async () => {
    const bundle = await esbuild(tools, project, "worker_injected.js");
    return await outcome(exec(tools.node[22], [host, bundle, "2023-01-01", core], tools.folder));
  });

  const pageHost = `${import.meta.dirname}/page_host.mjs`;
  const chromium = await findChromium(project);
  const pages = {
    "mock, embedded core": ["page.ts", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"],
    "mock, a policy against compiling": ["page_strict.ts", "default-src 'self'; script-src 'self'"],
  } as const;
  for (const [name, [entry, policy]] of Object.entries(pages)) {
    if (chromium === undefined) {
      skip(`Chromium, ${name}`, "install it by `apt-get install chromium` as root");
      continue;
    }
    await check(`Chromium, ${name}`, async () => {
      await esbuild(tools, project, "page_worker.js");
      const bundle = await esbuild(tools, project, entry);
      const [folder, script] = [bundle.replace(/\/[^/]+$/, ""), bundle.replace(/^.*\//, "")];
      return await outcome(exec(tools.node[22], [pageHost, chromium, folder, script, core, policy], tools.folder));
    });
  }

  const { passed, failed, skipped } = totals;
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

Deno.exit(
  await main().catch((error) => {
    console.error(`cannot test the npm package: ${error.message}`);
    return 1;
  }),
);
