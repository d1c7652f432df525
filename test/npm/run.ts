/**
 * `deno task test:npm`: builds the package, installs the tarball into new projects, and tests it there on every
 * supported runtime, never from the sources. Needs npm and its registry, and gcc for the device backends; see
 * docs/releasing.md.
 *
 * `--only=TEXT` runs the checks with TEXT in their names. A whole run keeps what ran where, for docs/platforms.md.
 */

import { parseArgs } from "node:util";
import { buildCli, buildNpm } from "../../scripts/build_npm.ts";
import { forget, keep } from "../../scripts/ci/ran.ts";
import { exec } from "../../scripts/exec.ts";
import { buildShim } from "../support/shim/shim.ts";
import { esbuild, sizeOf, vite } from "../../scripts/npm/bundles.ts";
import { cliChecks } from "./cli_checks.ts";
import { findChromium } from "./chromium.ts";
import { browserChecks } from "./docs/browser.ts";
import { exampleChecks } from "./docs/examples.ts";
import { nodeChecks } from "./docs/node.ts";
import { Snippets } from "./docs/snippets.ts";
import { testingChecks } from "./docs/testing.ts";
import { typescriptChecks } from "./docs/typescript.ts";
import { workerdChecks } from "./docs/workerd.ts";
import { runJest } from "./jest.ts";
import { type Checks, packageChecks } from "./package_checks.ts";
import { testPostStep } from "./post_step.ts";
import type { Outcome } from "./programs/tests.ts";
import { NODES } from "../../scripts/npm/node_lines.ts";
import { installPackage, installTools, KOFFI, METRICS_LIBRARIES, NODE_TYPES } from "../../scripts/npm/projects.ts";
import { Report } from "./report.ts";

const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = `${repository}/.cache/npm`;

const { values: { only } } = parseArgs({ options: { only: { type: "string" } } });
const report = new Report(
  (name) => only === undefined || name.includes(only),
  /^(1|true)$/i.test(Deno.env.get("CI") ?? ""),
  console.log,
);

/** Programs that use Linux's devices. */
const OVER_SHIM = { device: "device.ts", "event channels": "events.ts", XenStore: "store.ts", vchan: "vchan.ts" };
/** A check of the memory model, which needs neither the devices nor a stand-in for them. */
const LITMUS = "litmus_node.ts";

/** Runs checks of one kind. */
async function checkAll(where: string, checks: Checks): Promise<void> {
  for (const [name, body] of Object.entries(checks)) await report.check(where, name, body);
}

/** Parses the last line that a program printed. */
async function outcome(said: Promise<string>): Promise<Outcome> {
  return JSON.parse((await said).trim().split("\n").at(-1)!);
}

async function main(): Promise<number> {
  if (only === undefined) await forget("test:npm");
  const tarball = await buildNpm(cache);
  const tools = await installTools(cache);
  const project = `${cache}/project`;
  const deviceProject = `${cache}/device_project`;
  const programs = `${import.meta.dirname}/programs`;
  await installPackage(project, tarball, { programs });
  await installPackage(deviceProject, tarball, { programs, packages: [KOFFI] });
  const library = Deno.build.os === "linux" ? await buildShim(deviceProject) : undefined;

  await checkAll("package", packageChecks(tools, repository, tarball, project));
  await report.check("package", "what follows deno pack", testPostStep);

  const inProject = { cwd: project };
  const deno = (args: string[]) => exec(Deno.execPath(), ["run", "--no-prompt", ...args], inProject);
  const denoLine = `Deno ${minor(Deno.version.deno)}`;
  await report.check(denoLine, "mock, without permissions", () => outcome(deno(["mock_cli.ts"])), "mock");
  for (const line of NODES) {
    const node = tools.node[line];
    const where = `Node ${line}`;
    await report.check(where, "the version", async () => {
      const version = (await exec(node, ["--version"], inProject)).trim();
      if (!version.startsWith(`v${line}.`)) throw new Error(`this is ${version}`);
      return version;
    });
    await report.check(where, "mock", () => outcome(exec(node, ["mock_cli.ts"], inProject)), "mock");
    await report.check(where, "require()", () => outcome(exec(node, ["required.cjs"], inProject)));
    await report.check(where, "jest", () => runJest(tools, line, project, "mock.test.js"));
    await report.check(where, "without koffi", () => outcome(exec(node, ["no_koffi.ts"], inProject)));
    if (Deno.build.os !== "linux") report.skip(where, "Atomics over foreign memory", "it maps memory as on Linux");
    else {
      await report.check(where, "Atomics over foreign memory", () => {
        return outcome(exec(node, [LITMUS], { cwd: deviceProject }));
      });
    }
    for (const [name, program] of Object.entries(OVER_SHIM)) {
      if (library === undefined) report.skip(where, `${name} over a shim`, "Linux alone has the devices");
      else {
        await report.check(where, `${name} over a shim`, () => {
          return outcome(exec(node, [program, library], { cwd: deviceProject }));
        });
      }
    }
  }
  const bun = (await exec(tools.bun, ["--version"], inProject)).trim();
  await report.check(`Bun ${minor(bun)}`, "mock", () => outcome(exec(tools.bun, ["mock_cli.ts"], inProject)), "mock");

  for (const [name, bundle] of Object.entries({ esbuild, Vite: vite })) {
    const where = `a bundle by ${name}`;
    await report.check(where, "mock", async () => {
      return await outcome(exec(tools.node[22], [await bundle(tools, project, "mock_cli.ts")], inProject));
    }, "mock");
    await report.check(where, "a program on the mock", async () => {
      const path = await bundle(tools, project, "app.ts");
      await exec(tools.node[22], [path], inProject);
      const { bytes, gzipped } = await sizeOf(path);
      return `${bytes} bytes, ${gzipped} gzipped`;
    });
  }

  const host = `${import.meta.dirname}/worker_host.mjs`;
  const core = `${project}/node_modules/@gntalloc/gntalloc/wasm/core.wasm`;
  await report.check("workerd", "mock", async () => {
    const bundle = await esbuild(tools, project, "worker.ts");
    return await outcome(exec(tools.node[22], [host, bundle, "2025-06-01"], { cwd: tools.folder }));
  }, "mock");
  await report.check("workerd at a date of 2023, with the core as a module", "mock", async () => {
    const bundle = await esbuild(tools, project, "worker_injected.js");
    return await outcome(exec(tools.node[22], [host, bundle, "2023-01-01", core], { cwd: tools.folder }));
  }, "mock");

  const pageHost = `${import.meta.dirname}/page_host.mjs`;
  const chromium = await findChromium();
  const pages = {
    "Chromium": ["page.ts", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"],
    "Chromium under a policy against compiling, with a worker's core": [
      "page_strict.ts",
      "default-src 'self'; script-src 'self'",
    ],
  } as const;
  for (const [where, [entry, policy]] of Object.entries(pages)) {
    if (typeof chromium !== "string") {
      report.skip(where, "mock", `install Chromium as root: \`apt-get install chromium\`: ${chromium.message}`);
      continue;
    }
    await report.check(where, "mock", async () => {
      await esbuild(tools, project, "page_worker.js");
      const bundle = await esbuild(tools, project, entry);
      const [folder, script] = [bundle.replace(/\/[^/]+$/, ""), bundle.replace(/^.*\//, "")];
      return await outcome(
        exec(tools.node[22], [pageHost, chromium, folder, script, core, policy], { cwd: tools.folder }),
      );
    }, "mock");
  }

  const cliProject = `${cache}/cli_project`;
  const cliTarball = await buildCli(cache);
  // koffi comes by itself.
  await installPackage(cliProject, tarball, { packages: [cliTarball] });
  await checkAll("the command line", cliChecks(tools, cliProject, tarball, cliTarball));

  const docsProject = `${cache}/docs_project`;
  await installPackage(docsProject, tarball, { programs, packages: [KOFFI, NODE_TYPES, ...METRICS_LIBRARIES] });
  const snippets = await Snippets.write(repository, docsProject);
  await checkAll("docs/node.md", nodeChecks(tools, snippets));
  await checkAll("docs/node.md", typescriptChecks(tools, snippets));
  await checkAll("docs/node.md", workerdChecks(tools, snippets));
  if (typeof chromium === "string") {
    await checkAll("docs/node.md", browserChecks(tools, snippets, chromium));
  } else {
    report.skip(
      "docs/node.md",
      "the pages",
      `install Chromium as root: \`apt-get install chromium\`: ${chromium.message}`,
    );
  }

  await checkAll("docs/testing.md", testingChecks(tools, repository, `${cache}/testing_project`, tarball));
  await checkAll("the examples", exampleChecks(tools, repository, tarball, docsProject));

  if (only === undefined) {
    await keep({ task: "test:npm", system: Deno.build.target, ran: report.ran, counts: report.counts });
  }
  console.log(report.summary);
  return report.isGood ? 0 : 1;
}

/** Returns the first two numbers of a version. */
function minor(version: string): string {
  return version.split(".", 2).join(".");
}

Deno.exit(
  await main().catch((error) => {
    console.error(`cannot test the npm package: ${error.message}`);
    return 1;
  }),
);
