/**
 * The options of `deno task test:xen`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Batch } from "../differential/batch.ts";
import { MACHINE_NAMES } from "./machines.ts";
import { asMachineName, MATRIX, rigNamed, RIGS, type Run, runOf, runsOn } from "./runs.ts";

/** What the options ask for. */
interface Options {
  /** The runs, in order. Empty if none was named. */
  readonly runs: readonly Run[];
  /** Whether to boot a shell instead of running the tests. */
  readonly shell: boolean;
  /** The traces of the differential test. */
  readonly asked: Batch;
}

const USAGE = `usage: deno task test:xen [--matrix] [--only=${RIGS.join("|")}]… [--machine=${
  MACHINE_NAMES.join("|")
}]… [--seed=S] [--traces=N] [--steps=M] [--shell]`;

/**
 * Parses the options. Without `--seed`, the traces differ from run to run.
 *
 * @throws {Error} if they are wrong. The message has the usage.
 */
export function parseOptions(args: readonly string[]): Options {
  const number = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        machine: { type: "string", multiple: true, default: [] },
        matrix: { type: "boolean", default: false },
        shell: { type: "boolean", default: false },
        seed: { ...number, default: String(Math.floor(Math.random() * 1e9)) },
        traces: { ...number, default: "20" },
        steps: { ...number, default: "100" },
      },
    });
    const asked = {
      seed: count("seed", values.seed),
      traces: count("traces", values.traces),
      steps: count("steps", values.steps),
    };
    return { runs: runsNamed(values), shell: values.shell, asked };
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

/** What names runs. */
interface Names {
  readonly only: readonly string[];
  readonly machine: readonly string[];
  readonly matrix: boolean;
}

function runsNamed({ only, machine, matrix }: Names): readonly Run[] {
  if (matrix && only.length + machine.length > 0) throw new Error("--matrix is all runs: name none beside it");
  if (matrix) return MATRIX;
  const rigs = only.map(rigNamed);
  const machines = machine.map(asMachineName);
  if (machines.length === 0) return rigs.map((rig) => runOf(rig));
  if (rigs.length === 0) return machines.flatMap(runsOn);
  return machines.flatMap((name) => rigs.map((rig) => runOf(rig, name)));
}

function count(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    throw new Error(`--${name} must be a whole number below 10⁹: current value is ${value}`);
  }
  return Number(value);
}
