/**
 * `deno task test:xen`: boots a real Xen in QEMU and tests the library on its devices. See README.md in this folder.
 */

import { buildShare } from "../../bench/device/build.ts";
import { boot, bootShell, memoryOf } from "./boot.ts";
import { buildCPeer } from "./c_peer.ts";
import type { Entry } from "./cpio.ts";
import type { Batch } from "../differential/batch.ts";
import { declareAsked } from "./guest/differential.ts";
import { type NodeLine, NODES } from "../../scripts/npm/node_lines.ts";
import { addToMatrix, forget, keep, merged, type Ran, type RanOnXen } from "../../scripts/ci/ran.ts";
import { buildDomuProgram } from "./domu_program.ts";
import { EXAMPLE_NODE } from "./guest/child.ts";
import { declare as declareCli } from "./guest/cli/dom0.ts";
import { declare as declareDisk } from "./guest/disk/dom0.ts";
import { KERNEL_LINES } from "./guest/disk/kernel_lines.ts";
import { declare as declareDomu } from "./guest/domu_dom0.ts";
import { declare as declareLitmus } from "./guest/litmus.ts";
import { declare as declareLoopback } from "./guest/loopback.ts";
import { declare as declareNode } from "./guest/node.ts";
import { declare as declareOwnGrant } from "./guest/own_grant.ts";
import { namesOf } from "./guest/runner.ts";
import { declare as declareStore } from "./guest/store.ts";
import { declare as declareSuspend } from "./guest/suspend.ts";
import { declare as declareVchan } from "./guest/vchan/dom0.ts";
import { buildImages, denoEntries, DOMU_PROGRAMS, type Sources } from "./image.ts";
import { buildNodeProject } from "./node_project.ts";
import { denoFor } from "./deno.ts";
import { type Machine, USUAL } from "./machines.ts";
import { parseOptions } from "./options.ts";
import { installTools, programsFor, whatIsMissing } from "./packages.ts";
import { judge, parseRecords, type Verdict } from "./report.ts";
import { nameOf, type Rig, type Run, WHOLE } from "./runs.ts";
import { roomHere, runSideBySide } from "./side_by_side.ts";
import { bootedOn, onXen, type Trees, unpackAll } from "./trees.ts";
import { portable, warm } from "./warm.ts";

/** Returns the names of the tests that have to report. */
function expected({ rig, machine }: Run, asked: Batch): string[] {
  switch (rig) {
    case "loopback":
      return namesOf((suite) => declareLoopback(suite, asked));
    case "differential":
      return namesOf((suite) => declareAsked(suite, asked));
    case "node":
      return namesOf(declareNode);
    case "litmus":
      return namesOf(declareLitmus);
    case "domu":
      return namesOf(declareDomu);
    case "pvh":
    case "hvm":
      return namesOf((suite) => declareOwnGrant(suite, machine));
    case "suspend":
      return namesOf(declareSuspend);
    case "store":
      return namesOf((suite) => declareStore(suite, asked, "xenstored"));
    case "oxenstore":
      return namesOf((suite) => declareStore(suite, asked, "oxenstored"));
    case "vchan":
      return namesOf((suite) => declareVchan(suite, machine));
    case "cli":
      return namesOf(declareCli);
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

/** Returns where a run's images come from. Those that run Node need the npm package, built from the present sources. */
async function sourcesFor({ rig, machine }: Run, trees: Trees): Promise<Sources> {
  const linesOf: Partial<Record<Rig, readonly NodeLine[]>> = {
    node: NODES,
    litmus: [EXAMPLE_NODE],
    domu: [EXAMPLE_NODE],
    vchan: [EXAMPLE_NODE],
    cli: [EXAMPLE_NODE],
    disk: [EXAMPLE_NODE],
  };
  const lines = linesOf[rig] ?? [];
  const domuProgram = DOMU_PROGRAMS[rig];
  const packages = trees.get(machine.name)!;
  return {
    machine,
    packages,
    tools: trees.get(USUAL.name)!,
    deno: await denoFor(machine, cache),
    repository,
    peer: await buildCPeer(cache, packages, machine),
    ...(lines.length > 0 ? { node: await buildNodeProject(repository, cache, lines, machine) } : {}),
    ...(domuProgram ? { domuProgram: await buildDomuProgram(cache, packages, machine, domuProgram) } : {}),
    ...(rig === "node" ? { benchProgram: await buildShare(packages, `${cache}/bench`, machine) } : {}),
    kept: await keptFor(machine, trees),
  };
}

let kept: Promise<Entry[]> | undefined;

/** Returns what Deno keeps of the programs of guests. They run once, and here, whatever machine it is for. */
async function keptFor(machine: Machine, trees: Trees): Promise<Entry[]> {
  const packages = trees.get(USUAL.name)!;
  const programs = async () =>
    await warm(await denoEntries({ machine: USUAL, packages, deno: Deno.execPath(), repository }), `${cache}/warm`);
  kept ??= programs();
  return machine.architecture === USUAL.architecture ? await kept : portable(await kept);
}

let built = Promise.resolve();

/** Builds the images of a run. Runs share programs and the npm package, so they build one after the other. */
function buildInTurn(run: Run, trees: Trees, folder: string): Promise<void> {
  const build = async () => {
    say(`${nameOf(run)}: building images`);
    await buildImages(run.rig, await sourcesFor(run, trees), folder);
  };
  const done = built.then(build);
  built = done.catch(() => {});
  return done;
}

/** Builds the images of a run, boots them, and judges the log. */
async function runRig(run: Run, trees: Trees, asked: Batch): Promise<Verdict> {
  const start = performance.now();
  const { rig, machine } = run;
  const name = nameOf(run);
  const folder = `${cache}/run/${name}`;
  const logFile = `${cache}/logs/${name}.log`;
  await buildInTurn(run, trees, folder);
  const names = expected(run, asked);
  say(`${name}: booting Xen, ${names.length} tests`);
  if (["loopback", "differential", "store", "oxenstore"].includes(rig)) {
    say(`${name}: the traces asked for: --seed=${asked.seed} --traces=${asked.traces} --steps=${asked.steps}`);
  }
  const trouble = await boot(machine, rig, { ...asked }, folder, logFile, resultPrinter(name));
  say(`${name}: the machine is off, after ${((performance.now() - start) / 1000).toFixed(0)} s`);
  // Half a gigabyte, which the next run makes anew within a second or two.
  await Deno.remove(folder, { recursive: true });

  const log = await Deno.readTextFile(logFile);
  await splitDomuLogs(name, log);
  const verdict = judge(log, names, rig === "disk" ? KERNEL_LINES : undefined);
  if (!parseRecords(log).some(({ record }) => record.kind === "done")) {
    // The reason is most likely in the last lines, and in CI this output may be all there is.
    const lines = log.split(/[\r\n]+/).filter((line) => line.trim() !== "");
    console.log(lines.slice(-20).join("\n"));
  }
  if (trouble) verdict.problems.push(trouble);
  return verdict;
}

/** The verdict on a run that could not be judged. */
function brokenOff(reason: Error): Verdict {
  return { passed: [], failed: [], skipped: [], problems: [`the run broke off: ${reason.message}`] };
}

/** Prints results and notes as they arrive. A record that is repeated is printed once. */
function resultPrinter(run: string): (line: string) => void {
  const seen = new Set<number>();
  return (line) => {
    const [, noted] = /@note (.*)/.exec(line) ?? [];
    if (noted) say(`${run}: ${noted.trim()}`);
    for (const { number, record } of parseRecords(line)) {
      if (seen.has(number)) continue;
      seen.add(number);
      if (record.kind === "plan" || record.kind === "done") continue;
      const detail = record.kind === "skip" ? ` # ${record.detail}` : "";
      say(`${run}: ${record.kind} ${record.name}${detail}`);
    }
  };
}

/** Writes the consoles of the domUs, which dom0's console carries, into a file each. */
async function splitDomuLogs(run: string, log: string): Promise<void> {
  const logs = new Map<string, string>();
  for (const [, name = "", text = ""] of log.matchAll(/^@log (\S+) (.*)$/gm)) {
    logs.set(name, `${logs.get(name) ?? ""}${text.trimEnd()}\n`);
  }
  for (const [name, text] of logs) {
    await Deno.writeTextFile(`${cache}/logs/${run}-${name}.log`, text);
  }
}

/** Returns whether everything passed. */
function isClean({ failed, problems, skipped }: Verdict): boolean {
  return failed.length + problems.length + skipped.length === 0;
}

/** Returns what a run on the usual machine has shown to work: nothing if anything failed. */
function shownBy({ rig, machine }: Run, verdict: Verdict): Ran[] {
  if (machine.name !== USUAL.name || !isClean(verdict)) return [];
  const deno = `Deno ${Deno.version.deno.split(".", 2).join(".")}`;
  switch (rig) {
    case "loopback":
      return [{ where: deno, machine: "device" }];
    case "node":
      return NODES.map((line) => ({ where: `Node ${line}`, machine: "device" }));
    case "domu":
      return [deno, `Node ${EXAMPLE_NODE}`].map((where) => ({ where, machine: "domains" }));
    case "litmus":
    case "differential":
    case "pvh":
    case "hvm":
    case "suspend":
    case "store":
    case "oxenstore":
    case "vchan":
    case "cli":
    case "disk":
      return [];
  }
}

async function main(): Promise<number> {
  const { runs: named, shell, asked } = parseOptions(Deno.args);
  const isWhole = named.length === 0;
  const runs = isWhole ? WHOLE : named;
  const machines = runs.map(({ machine }) => machine);

  const programs = programsFor(machines);
  const missing = await whatIsMissing(programs);
  if (missing) {
    console.error(`Cannot test on a real Xen: ${missing}`);
    return 1;
  }
  await Deno.mkdir(cache, { recursive: true });
  say("looking for QEMU, gcc and the Debian packages");
  await installTools(say, programs);
  const trees = await unpackAll(machines, cache, say);

  if (shell) {
    const run = runs.at(-1)!;
    const folder = `${cache}/run/${nameOf(run)}`;
    await buildImages(run.rig, await sourcesFor(run, trees), folder);
    await bootShell(run.machine, run.rig, { ...asked }, folder);
    await Deno.remove(folder, { recursive: true });
    return 0;
  }

  // Logs of an earlier run could be mistaken for this one's.
  await Deno.remove(`${cache}/logs`, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${cache}/logs`);
  if (isWhole) await forget("test:xen");
  const ran: Ran[] = [];
  const onXens: Record<"passed" | "failed", RanOnXen[]> = { passed: [], failed: [] };
  let passed = 0, failed = 0, skipped = 0;
  const report: string[] = [];
  const ends = await runSideBySide(
    runs.map((run) => ({ memory: memoryOf(run.rig, run.machine), run: () => runRig(run, trees, asked) })),
    roomHere(),
  );
  for (const [index, run] of runs.entries()) {
    const end = ends[index]!;
    const verdict = end.status === "fulfilled" ? end.value : brokenOff(end.reason);
    const title = nameOf(run);
    ran.push(...shownBy(run, verdict));
    onXens[isClean(verdict) ? "passed" : "failed"].push(await onXen(run, trees));
    passed += verdict.passed.length;
    failed += verdict.failed.length + verdict.problems.length;
    skipped += verdict.skipped.length;
    for (const { name, reason } of verdict.skipped) {
      report.push(`${title}: skipped ${name}: ${reason}`);
    }
    for (const { name, error } of verdict.failed) {
      report.push(`${title}: failed ${name}: ${error}`);
    }
    for (const problem of verdict.problems) {
      report.push(`${title}: problem: ${problem}`);
    }
  }

  await addToMatrix(onXens.passed, onXens.failed);
  if (isWhole) {
    const { xen, linux } = await bootedOn(trees.get(USUAL.name)!);
    const system = `${Deno.build.target}, under Xen ${xen} with Linux ${linux}`;
    const xens = merged([], onXens.passed, []);
    await keep({ task: "test:xen", system, ran, xens, counts: { passed, failed, skipped } });
  }
  console.log();
  for (const line of report) console.log(line);
  if (failed > 0) console.log(`the logs of the consoles are in ${cache}/logs`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed + skipped > 0 ? 1 : 0;
}

Deno.exit(
  await main().catch((error) => {
    console.error(`Cannot test on a real Xen: ${error.message}`);
    return 1;
  }),
);
