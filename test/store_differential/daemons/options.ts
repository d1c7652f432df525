/**
 * The options of `deno task test:store`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Batch } from "../batch.ts";
import type { Daemon } from "../differences.ts";

/** What the options ask for. */
interface Options {
  readonly daemons: readonly Daemon[];
  /** The sequences of fixed seeds. */
  readonly fixed: Batch;
  /** Sequences that differ from run to run. */
  readonly random: Batch;
}

const DAEMONS: readonly Daemon[] = ["xenstored", "oxenstored"];
const USAGE = `usage: deno task test:store [--daemon=${DAEMONS.join("|")}]… [--seed=S] [--sequences=N] [--random=N] ` +
  "[--steps=M]";

/**
 * Parses the options.
 *
 * @throws {Error} if they are wrong. The message has the usage.
 */
export function parseOptions(args: readonly string[]): Options {
  const number = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        daemon: { type: "string", multiple: true, default: [...DAEMONS] },
        seed: { ...number, default: "1" },
        sequences: { ...number, default: "300" },
        random: { ...number, default: "20" },
        steps: { ...number, default: "100" },
      },
    });
    const steps = count("steps", values.steps);
    return {
      daemons: values.daemon.map(daemonNamed),
      fixed: { seed: count("seed", values.seed), sequences: count("sequences", values.sequences), steps },
      random: { seed: 1e6 + Math.floor(Math.random() * 1e8), sequences: count("random", values.random), steps },
    };
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\n${USAGE}`, { cause });
  }
}

function daemonNamed(name: string): Daemon {
  const daemon = DAEMONS.find((daemon) => daemon === name);
  if (daemon === undefined) throw new Error(`--daemon must be one of ${DAEMONS.join(", ")}: current value is ${name}`);
  return daemon;
}

function count(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) {
    throw new Error(`--${name} must be a whole number below 10⁹: current value is ${value}`);
  }
  return Number(value);
}
