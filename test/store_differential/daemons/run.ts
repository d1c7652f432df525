/**
 * `deno task test:store`: plays sequences on Debian's C xenstored and on its oxenstored, twice each, without Xen, and
 * fails if a daemon does not answer, or answers differently the second time. Options: `--daemon=xenstored|oxenstored`,
 * `--seed=S`, `--sequences=N`, `--steps=M`; `--print` prints the answers.
 */

import { parseArgs } from "node:util";
import { unpackPackages } from "../../rig/packages.ts";
import { compare, describe } from "../compare.ts";
import { type Daemon, Differences } from "../differences.ts";
import { Executor } from "../executor.ts";
import { generate } from "../generate.ts";
import { SPECIAL } from "../special.ts";
import { printSteps } from "../step.ts";
import { PlainMachine } from "./machine.ts";

const { values } = parseArgs({
  options: {
    daemon: { type: "string", multiple: true, default: ["xenstored", "oxenstored"] },
    seed: { type: "string", default: "1" },
    sequences: { type: "string", default: "300" },
    steps: { type: "string", default: "100" },
    print: { type: "boolean", default: false },
  },
});
const cache = Deno.env.get("GNTALLOC_XEN_CACHE") ??
  Deno.realPathSync(`${import.meta.dirname}/../../..`) + "/.cache/xen";
await Deno.mkdir(cache, { recursive: true });
const packages = await unpackPackages(cache, console.log);
const [seed, sequences, steps] = [values.seed, values.sequences, values.steps].map(Number) as [number, number, number];

for (const daemon of values.daemon as Daemon[]) {
  const machine = await PlainMachine.start(daemon, packages);
  const started = performance.now();
  try {
    const executor = new Executor(machine);
    const all = [
      ...SPECIAL.map(({ name, steps }) => ({ name, sequence: steps })),
      ...Array.from({ length: sequences }, (_, at) => ({
        name: `seed ${seed + at}`,
        sequence: generate(seed + at, steps),
      })),
    ];
    for (const { name, sequence } of all) {
      const answers = await executor.play(sequence);
      if (values.print) console.log(`# ${daemon}, ${name}\n${printSteps(sequence, answers)}`);
      const silent = answers.find((answer) => answer.startsWith("no reply"));
      if (silent !== undefined) throw new Error(`${daemon}, ${name}: ${silent}`);
      const again = compare(sequence, answers, await executor.play(sequence), new Differences(daemon, []));
      if (again) throw new Error(`${daemon} is of two minds about ${name}:\n${describe(again)}`);
    }
  } finally {
    await machine.stop();
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${daemon}: ${sequences} sequences of ${steps} requests, twice, in ${seconds} s`);
}
