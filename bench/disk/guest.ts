/**
 * Runs in dom0: measures reads of a disk in a domU, whose backend is dom0's kernel, by the domU's kernel and by the
 * example on Deno and Node. All sides take turns.
 */

import { diskNumber } from "../../examples/block/names.ts";
import { EXAMPLE_NODE, NODE_PROJECT, RUN } from "../../test/rig/guest/child.ts";
import { KernelDisk, LoopFile, writePart } from "../../test/rig/guest/disk/kernel_disk.ts";
import { content } from "../../test/rig/guest/disk/content.ts";
import { type Domu, startDomu } from "../../test/rig/guest/domu.ts";
import { type Command, type Running, shell, startProgramIn } from "../../test/rig/guest/programs.ts";
import { note, run, type Suite } from "../../test/rig/guest/runner.ts";
import { until } from "../../test/rig/guest/until.ts";
import { measureRounds, median } from "../harness/rounds.ts";
import { hitsOf, interruptsOf, type Probe, READ_COUNTERS, setProbes } from "./counters.ts";
import { COST, type CostFigures, type SideName, TIME, type TimeFigures, type Verb, VERBS } from "./results.ts";

const MIB = 1024 * 1024;
const SIZE = 32 * MIB;

/** How many requests a round has of each kind, how many rounds count, and how many are before. */
const COUNTS: Readonly<Record<Verb, number>> = { sequential: 16, random: 512 };
const ROUNDS = 15;
const FIRST = 3;

/** The disk of each side. They are all on one loop device. */
const DISKS: Readonly<Record<SideName, string>> = { kernel: "xvdb", deno: "xvdc", node: "xvdd" };

/** What grants a page in the domU, for its kernel's frontend and for programs, and what maps pages in dom0. */
const IN_DOMU: readonly Probe[] = [
  { name: "kernel_grants", symbol: "gnttab_grant_foreign_access_ref" },
  { name: "program_grants", symbol: "gnttab_grant_foreign_access" },
];
const IN_DOM0: readonly Probe[] = [{ name: "maps", symbol: "gnttab_map_refs" }];

const RUNTIMES: Readonly<Record<Exclude<SideName, "kernel">, Command>> = {
  deno: {
    name: "the side on Deno",
    command: Deno.execPath(),
    args: [...RUN, "/repo/bench/disk/side.ts", "/repo/backends/deno.ts", "denoDomain", DISKS.deno],
  },
  node: {
    name: "the side on Node",
    command: `node${EXAMPLE_NODE}`,
    args: ["--no-warnings", "bench/disk/side.ts", "@gntalloc/gntalloc/node", "nodeDomain", DISKS.node],
    cwd: NODE_PROJECT,
  },
};

interface Side {
  readonly name: SideName;
  readonly program: Running;
}

export function declare({ test }: Suite): void {
  let domu: Domu;
  const sides: Side[] = [];
  const inDomu = (line: string): Promise<string> => domu.call("shell", { line });

  test("bench: all sides read one disk", async () => {
    for (const name of ["loop", "xen-blkback"]) await shell(`insmod /modules/${name}.ko`);
    domu = await startDomu("main");
    const loop = await LoopFile.create("bench", SIZE);
    for (let offset = 0; offset < SIZE; offset += MIB) await writePart(loop.path, offset, content(1, offset, MIB));
    for (const disk of Object.values(DISKS)) await KernelDisk.on(loop, domu.domid, disk, { readOnly: true });
    await inDomu("insmod /modules/xen-blkfront.ko");
    const { kernel, ...others } = DISKS;
    await until(() => inDomu(`test -b /dev/${kernel}`).then(() => true, () => false));
    sides.push({
      name: "kernel",
      program: await startProgramIn(domu, { name: "reader", command: "reader", args: [`/dev/${kernel}`, `${SIZE}`] }),
    });
    for (const [name, disk] of Object.entries(others) as [keyof typeof RUNTIMES, string][]) {
      await inDomu(`echo vbd-${diskNumber(disk)} > /sys/bus/xen/drivers/vbd/unbind`);
      const program = await startProgramIn(domu, RUNTIMES[name]);
      const said = await program.read();
      if (said !== "ready") throw new Error(`${name} says ${said}`);
      sides.push({ name, program });
    }
    await inDomu(setProbes(IN_DOMU));
    await shell(setProbes(IN_DOM0));
  });

  for (const verb of VERBS) {
    test(`${TIME} ${verb}`, async () => {
      const measure = async ({ program }: Side) =>
        Number(await program.ask(`${verb} ${COUNTS[verb]}`)) / COUNTS[verb] / 1000;
      await measureRounds(sides, FIRST, measure);
      const rounds = await measureRounds(sides, ROUNDS, measure);
      note(`${verb}: ${sides.map(({ name }, at) => `${name} ${median(rounds[at]!).toFixed(0)} µs`).join(", ")}`);
      const [kernel, deno, node] = rounds.map((figures) => figures.map(Math.round)) as [number[], number[], number[]];
      const figures: TimeFigures = { verb, rounds: { kernel, deno, node } };
      return JSON.stringify(figures);
    });

    test(`${COST} ${verb}`, async () => {
      const figures: CostFigures[] = [];
      // A probe that counts nothing would be taken for a request that costs nothing: all pages were granted once.
      const once = { domu: await inDomu(READ_COUNTERS), dom0: await shell(READ_COUNTERS) };
      for (const [counters, probes] of [[once.domu, IN_DOMU], [once.dom0, IN_DOM0]] as const) {
        for (const { name } of probes) {
          if (!(hitsOf(counters, name) > 0)) throw new Error(`Cannot count ${name}: nothing was counted`);
        }
      }
      for (const { name, program } of sides) {
        const before = { domu: await inDomu(READ_COUNTERS), dom0: await shell(READ_COUNTERS) };
        await program.ask(`${verb} ${COUNTS[verb]}`);
        const after = { domu: await inDomu(READ_COUNTERS), dom0: await shell(READ_COUNTERS) };
        const each = (count: (counters: typeof before) => number) =>
          Number(((count(after) - count(before)) / COUNTS[verb]).toFixed(3));
        figures.push({
          side: name,
          verb,
          grants: each(({ domu }) => hitsOf(domu, name === "kernel" ? "kernel_grants" : "program_grants")),
          maps: each(({ dom0 }) => hitsOf(dom0, "maps")),
          toBackend: each(({ dom0 }) => interruptsOf(dom0, /blkif-backend/)),
          toFrontend: each(({ domu }) => interruptsOf(domu, name === "kernel" ? /blkif/ : /evtchn:/)),
        });
      }
      note(JSON.stringify(figures));
      return JSON.stringify(figures);
    });
  }

  test("bench: all sides end well", async () => {
    for (const { program } of sides) await program.end();
  });
}

if (import.meta.main) await run(declare);
