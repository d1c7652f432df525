/**
 * `deno task test:xen`: boots a real Xen in QEMU and tests the library on its devices. See README.md in this folder.
 */

import { buildShare } from "../../bench/device/build.ts";
import { boot, bootShell } from "./boot.ts";
import { buildCPeer } from "./c_peer.ts";
import type { Batch } from "../differential/batch.ts";
import { declareAsked } from "./guest/differential.ts";
import { type NodeLine, NODES } from "../../scripts/npm/projects.ts";
import { forget, keep, type Ran } from "../../scripts/ci/ran.ts";
import { buildDomuProgram } from "./domu_program.ts";
import { onlyMatch } from "./files.ts";
import { EXAMPLE_NODE } from "./guest/child.ts";
import { declare as declareDisk } from "./guest/disk/dom0.ts";
import { KERNEL_LINES } from "./guest/disk/kernel_lines.ts";
import { declare as declareDomu } from "./guest/domu_dom0.ts";
import { declare as declareLoopback } from "./guest/loopback.ts";
import { declare as declareNode } from "./guest/node.ts";
import { declare as declareOwnGrant } from "./guest/own_grant.ts";
import { namesOf } from "./guest/runner.ts";
import { declare as declareStore } from "./guest/store.ts";
import { declare as declareSuspend } from "./guest/suspend.ts";
import { declare as declareVchan } from "./guest/vchan/dom0.ts";
import { buildImages, DOMU_PROGRAMS, type Sources } from "./image.ts";
import { buildNodeProject } from "./node_project.ts";
import { parseOptions, type Rig } from "./options.ts";
import { installTools, unpackPackages, whatIsMissing } from "./packages.ts";
import { judge, parseRecords, type Verdict } from "./report.ts";

/** Returns the names of the tests that have to report. */
function expected(rig: Rig, asked: Batch): string[] {
  switch (rig) {
    case "loopback":
      return namesOf((suite) => declareLoopback(suite, asked));
    case "differential":
      return namesOf((suite) => declareAsked(suite, asked));
    case "node":
      return namesOf(declareNode);
    case "domu":
      return namesOf(declareDomu);
    case "pvh":
      return namesOf(declareOwnGrant);
    case "suspend":
      return namesOf(declareSuspend);
    case "store":
      return namesOf((suite) => declareStore(suite, asked, "xenstored"));
    case "oxenstore":
      return namesOf((suite) => declareStore(suite, asked, "oxenstored"));
    case "vchan":
      return namesOf(declareVchan);
    case "disk":
      return namesOf(declareDisk);
  }
}

const repository = Deno.realPathSync(`${import.meta.dirname}/../..`);
const cache = absolute(Deno.env.get("GNTALLOC_XEN_CACHE") ?? `${repository}/.cache/xen`);
const started = performance.now();

function absolute(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

function say(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`[${seconds.padStart(6)} s] ${text}`);
}

/** Returns where a rig's images come from. Those that run Node need the npm package, built from the present sources. */
async function sourcesFor(rig: Rig, packages: string): Promise<Sources> {
  const linesOf: Partial<Record<Rig, readonly NodeLine[]>> = {
    node: NODES,
    domu: [EXAMPLE_NODE],
    vchan: [EXAMPLE_NODE],
    disk: [EXAMPLE_NODE],
  };
  const lines = linesOf[rig] ?? [];
  const domuProgram = DOMU_PROGRAMS[rig];
  return {
    packages,
    repository,
    peer: await buildCPeer(cache, packages),
    ...(lines.length > 0 ? { node: await buildNodeProject(repository, cache, lines) } : {}),
    ...(domuProgram ? { domuProgram: await buildDomuProgram(cache, packages, domuProgram) } : {}),
    ...(rig === "node" ? { benchProgram: await buildShare(packages, `${cache}/bench`) } : {}),
  };
}

/** Builds the images of a rig, boots them, and judges the log. */
async function runRig(rig: Rig, packages: string, asked: Batch): Promise<Verdict> {
  const folder = `${cache}/run/${rig}`;
  const logFile = `${cache}/logs/${rig}.log`;
  say(`${rig}: building images`);
  await buildImages(rig, await sourcesFor(rig, packages), folder);
  const names = expected(rig, asked);
  say(`${rig}: booting Xen, ${names.length} tests`);
  if (["loopback", "differential", "store", "oxenstore"].includes(rig)) {
    say(`${rig}: the traces asked for: --seed=${asked.seed} --traces=${asked.traces} --steps=${asked.steps}`);
  }
  const trouble = await boot(rig, { ...asked }, folder, logFile, resultPrinter(rig));
  say(`${rig}: the machine is off`);
  // Half a gigabyte, which the next run makes anew within a second or two.
  await Deno.remove(folder, { recursive: true });

  const log = await Deno.readTextFile(logFile);
  await splitDomuLogs(log);
  const verdict = judge(log, names, rig === "disk" ? KERNEL_LINES : undefined);
  if (!parseRecords(log).some(({ record }) => record.kind === "done")) {
    // The reason is most likely in the last lines, and in CI this output may be all there is.
    const lines = log.split(/[\r\n]+/).filter((line) => line.trim() !== "");
    console.log(lines.slice(-20).join("\n"));
  }
  if (trouble) verdict.problems.push(trouble);
  return verdict;
}

/** Prints results and notes as they arrive. A record that is repeated is printed once. */
function resultPrinter(rig: Rig): (line: string) => void {
  const seen = new Set<number>();
  return (line) => {
    const [, noted] = /@note (.*)/.exec(line) ?? [];
    if (noted) say(`${rig}: ${noted.trim()}`);
    for (const { number, record } of parseRecords(line)) {
      if (seen.has(number)) continue;
      seen.add(number);
      if (record.kind === "plan" || record.kind === "done") continue;
      const detail = record.kind === "skip" ? ` # ${record.detail}` : "";
      say(`${rig}: ${record.kind} ${record.name}${detail}`);
    }
  };
}

/** Writes the consoles of the domUs, which dom0's console carries, into a file each. */
async function splitDomuLogs(log: string): Promise<void> {
  const logs = new Map<string, string>();
  for (const [, name = "", text = ""] of log.matchAll(/^@log (\S+) (.*)$/gm)) {
    logs.set(name, `${logs.get(name) ?? ""}${text.trimEnd()}\n`);
  }
  for (const [name, text] of logs) {
    await Deno.writeTextFile(`${cache}/logs/domu-${name}.log`, text);
  }
}

/** Returns what a run has shown to work: nothing if anything failed. */
function shownBy(rig: Rig, { failed, problems, skipped }: Verdict): Ran[] {
  if (failed.length + problems.length + skipped.length > 0) return [];
  const deno = `Deno ${Deno.version.deno.split(".", 2).join(".")}`;
  switch (rig) {
    case "loopback":
      return [{ where: deno, machine: "device" }];
    case "node":
      return NODES.map((line) => ({ where: `Node ${line}`, machine: "device" }));
    case "domu":
      return [deno, `Node ${EXAMPLE_NODE}`].map((where) => ({ where, machine: "domains" }));
    case "differential":
    case "pvh":
    case "suspend":
    case "store":
    case "oxenstore":
    case "vchan":
    case "disk":
      return [];
  }
}

/** Describes the machine, and the Xen and Linux that booted on it, by the names of Debian's files. */
async function systemOf(packages: string): Promise<string> {
  const versionIn = async (pattern: RegExp) =>
    /\d+\.\d+/.exec((await onlyMatch(`${packages}/boot`, pattern)).replace(/^.*\//, ""))![0];
  const [xen, linux] = [await versionIn(/^xen-.*\.gz$/), await versionIn(/^vmlinuz-/)];
  return `${Deno.build.target}, under Xen ${xen} with Linux ${linux}`;
}

async function main(): Promise<number> {
  const { rigs, shell, asked } = parseOptions(Deno.args);
  const isWhole = rigs.length === 0;
  if (isWhole) rigs.push("loopback", "node", "domu", "store", "oxenstore", "vchan", "disk");

  const missing = await whatIsMissing();
  if (missing) {
    console.error(`Cannot test on a real Xen: ${missing}`);
    return 1;
  }
  await Deno.mkdir(cache, { recursive: true });
  say("looking for QEMU, gcc and the Debian packages");
  await installTools(say);
  const packages = await unpackPackages(cache, say);

  if (shell) {
    const rig = rigs.at(-1)!;
    const folder = `${cache}/run/${rig}`;
    await buildImages(rig, await sourcesFor(rig, packages), folder);
    await bootShell(rig, { ...asked }, folder);
    await Deno.remove(folder, { recursive: true });
    return 0;
  }

  // Logs of an earlier run could be mistaken for this one's.
  await Deno.remove(`${cache}/logs`, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${cache}/logs`);
  if (isWhole) await forget("test:xen");
  const ran: Ran[] = [];
  let passed = 0, failed = 0, skipped = 0;
  const report: string[] = [];
  for (const rig of rigs) {
    const verdict = await runRig(rig, packages, asked);
    ran.push(...shownBy(rig, verdict));
    passed += verdict.passed.length;
    failed += verdict.failed.length + verdict.problems.length;
    skipped += verdict.skipped.length;
    for (const { name, reason } of verdict.skipped) {
      report.push(`${rig}: skipped ${name}: ${reason}`);
    }
    for (const { name, error } of verdict.failed) {
      report.push(`${rig}: failed ${name}: ${error}`);
    }
    for (const problem of verdict.problems) {
      report.push(`${rig}: problem: ${problem}`);
    }
  }

  if (isWhole) {
    await keep({ task: "test:xen", system: await systemOf(packages), ran, counts: { passed, failed, skipped } });
  }
  console.log();
  for (const line of report) console.log(line);
  if (failed > 0) console.log(`the logs of the consoles are in ${cache}/logs`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 ? 1 : 0;
}

Deno.exit(
  await main().catch((error) => {
    console.error(`Cannot test on a real Xen: ${error.message}`);
    return 1;
  }),
);
