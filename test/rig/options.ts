/**
 * The options of `deno task test:xen`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Batch } from "../differential/batch.ts";
import type { Rig as AnyRig } from "./image.ts";

/** The benches boot their own rigs: see `run_xen.ts` in folders of `bench/`. */
export type Rig = Exclude<AnyRig, "bench" | "store-bench" | "disk-bench">;

/** What the options ask for. */
interface Options {
  /** The rigs to run, in order. Empty if none was named. */
  readonly rigs: Rig[];
  /** Whether to boot a shell instead of running the tests. */
  readonly shell: boolean;
  /** The traces of the differential test. */
  readonly asked: Batch;
}

const RIGS: readonly Rig[] = [
  "loopback",
  "node",
  "domu",
  "differential",
  "pvh",
  "suspend",
  "store",
  "oxenstore",
  "vchan",
  "disk",
];
const USAGE = `usage: deno task test:xen [--only=${RIGS.join("|")}]… [--seed=S] [--traces=N] [--steps=M] [--shell]`;

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
    return { rigs: values.only.map(rigNamed), shell: values.shell, asked };
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

function rigNamed(name: string): Rig {
  const rig = RIGS.find((rig) => rig === name);
  if (rig === undefined) throw new Error(`--only must be one of ${RIGS.join(", ")}: current value is ${name}`);
  return rig;
}

function count(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    throw new Error(`--${name} must be a whole number below 10⁹: current value is ${value}`);
  }
  return Number(value);
}
