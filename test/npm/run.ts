/**
 * `deno task test:npm`: packs the library, installs the tarball into new projects, and tests it there on every runtime that it
 * promises, never from the source tree. Needs npm and the npm registry, and gcc for the device backend; see docs/releasing.md.
 *
 * `--only=TEXT` runs the checks with TEXT in their names. A whole run keeps what ran where, for the README.
 */

import { buildNpm } from "../../scripts/build_npm.ts";
import { forget, keep } from "../../scripts/ci/ran.ts";
import { buildShim } from "../support/shim/shim.ts";
import { esbuild, sizeOf, vite } from "../../scripts/npm/bundles.ts";
import { findChromium } from "./chromium.ts";
import { exec } from "./exec.ts";
import { packageChecks } from "./package_checks.ts";
import { testPostStep } from "./post_step.ts";
import type { Outcome } from "./programs/tests.ts";
import { installPackage, installTools, KOFFI, NODES } from "../../scripts/npm/projects.ts";
import { Report } from "./report.ts";

const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = `${repository}/.cache/npm`;

const only = Deno.args[0]?.match(/^--only=(.+)$/)?.[1];
const report = new Report(
  (name) => only === undefined || name.includes(only),
  /^(1|true)$/i.test(Deno.env.get("CI") ?? ""),
  console.log,
);

/** What a program printed in its last line. */
async function outcome(said: Promise<string>): Promise<Outcome> {
  return JSON.parse((await said).trim().split("\n").at(-1)!);
}

async function main(): Promise<number> {
  if (Deno.args.length > (only === undefined ? 0 : 1)) {
    console.error(`unknown argument ${Deno.args[0]}; known: --only=TEXT`);
    return 1;
  }
  if (only === undefined) await forget("test:npm");
  const tarball = await buildNpm(cache);
  const tools = await installTools(cache);
  const project = `${cache}/project`;
  const deviceProject = `${cache}/device_project`;
  const programs = `${import.meta.dirname}/programs`;
  await installPackage(project, tarball, programs);
  await installPackage(deviceProject, tarball, programs, KOFFI);
  const library = Deno.build.os === "linux" ? await buildShim(deviceProject) : undefined;

  for (const [name, body] of Object.entries(packageChecks(tools, repository, tarball, project))) {
    await report.check("package", name, body);
  }
  await report.check("package", "what follows deno pack", testPostStep);

  const deno = (args: string[]) => exec(Deno.execPath(), ["run", "--no-prompt", ...args], project);
  const denoLine = `Deno ${minor(Deno.version.deno)}`;
  await report.check(denoLine, "mock, without permissions", () => outcome(deno(["mock_cli.ts"])), "mock");
  for (const line of NODES) {
    const node = tools.node[line];
    const where = `Node ${line}`;
    await report.check(where, "the version", async () => {
      const version = (await exec(node, ["--version"], project)).trim();
      if (!version.startsWith(`v${line}.`)) throw new Error(`this is ${version}`);
      return version;
    });
    await report.check(where, "mock", () => outcome(exec(node, ["mock_cli.ts"], project)), "mock");
    await report.check(where, "require()", () => outcome(exec(node, ["required.cjs"], project)));
    await report.check(where, "without koffi", () => outcome(exec(node, ["no_koffi.ts"], project)));
    for (const [name, program] of Object.entries({ device: "device.ts", "event channels": "events.ts" })) {
      if (library === undefined) report.skip(where, `${name} over a shim`, "the devices are Linux's");
      else {
        await report.check(where, `${name} over a shim`, () => {
          return outcome(exec(node, [program, library], deviceProject));
        });
      }
    }
  }
  const bun = (await exec(tools.bun, ["--version"], project)).trim();
  await report.check(`Bun ${minor(bun)}`, "mock", () => outcome(exec(tools.bun, ["mock_cli.ts"], project)), "mock");

  for (const [name, bundle] of Object.entries({ esbuild, Vite: vite })) {
    const where = `a bundle by ${name}`;
    await report.check(where, "mock", async () => {
      return await outcome(exec(tools.node[22], [await bundle(tools, project, "mock_cli.ts")], project));
    }, "mock");
    await report.check(where, "a program on the mock", async () => {
      const path = await bundle(tools, project, "app.ts");
      await exec(tools.node[22], [path], project);
      const { bytes, gzipped } = await sizeOf(path);
      return `${bytes} bytes, ${gzipped} gzipped`;
    });
  }

  const host = `${import.meta.dirname}/worker_host.mjs`;
  const core = `${project}/node_modules/@gntalloc/gntalloc/wasm/core.wasm`;
  await report.check("workerd", "mock", async () => {
    const bundle = await esbuild(tools, project, "worker.ts");
    return await outcome(exec(tools.node[22], [host, bundle, "2025-06-01"], tools.folder));
  }, "mock");
  await report.check("workerd at a date of 2023, with the core as a module", "mock", async () => {
    const bundle = await esbuild(tools, project, "worker_injected.js");
    return await outcome(exec(tools.node[22], [host, bundle, "2023-01-01", core], tools.folder));
  }, "mock");

  const pageHost = `${import.meta.dirname}/page_host.mjs`;
  const chromium = await findChromium(project);
  const pages = {
    "Chromium": ["page.ts", "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'"],
    "Chromium under a policy against compiling, with a worker's core": [
      "page_strict.ts",
      "default-src 'self'; script-src 'self'",
    ],
  } as const;
  for (const [where, [entry, policy]] of Object.entries(pages)) {
    if (typeof chromium !== "string") {
      report.skip(where, "mock", `install it by \`apt-get install chromium\` as root: ${chromium.message}`);
      continue;
    }
    await report.check(where, "mock", async () => {
      await esbuild(tools, project, "page_worker.js");
      const bundle = await esbuild(tools, project, entry);
      const [folder, script] = [bundle.replace(/\/[^/]+$/, ""), bundle.replace(/^.*\//, "")];
      return await outcome(exec(tools.node[22], [pageHost, chromium, folder, script, core, policy], tools.folder));
    }, "mock");
  }

  if (only === undefined) await keep({ task: "test:npm", system: Deno.build.target, ran: report.ran });
  console.log(report.summary);
  return report.isGood ? 0 : 1;
}

/** The first two numbers of a version. */
function minor(version: string): string {
  return version.split(".", 2).join(".");
}

Deno.exit(
  await main().catch((error) => {
    console.error(`cannot test the npm package: ${error.message}`);
    return 1;
  }),
);
