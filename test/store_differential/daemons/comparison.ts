/**
 * Compares a daemon with the simulated one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MockXen } from "../../../backends/mock.ts";
import { type Batch, compareBatch, compareSequence } from "../batch.ts";
import { type Daemon, Differences } from "../differences.ts";
import { simulatedMachine } from "../simulated_machine.ts";
import { SPECIAL } from "../special.ts";
import { PlainMachine } from "./machine.ts";
import { parseOptions } from "./options.ts";
import { preparedTools } from "./tools.ts";

/** The sequences that one test compares. */
const SEQUENCES_PER_TEST = 20;

/** Declares the tests that compare a daemon with the simulated one. */
export function declareComparison(daemon: Daemon): void {
  const { fixed, random } = parseOptions(Deno.args);
  const differences = new Differences(daemon, "ordinary machine");
  // A new machine for each test: oxenstored ends no transaction that is full, and the real one of this machine does.
  const pair = () => ({ real, simulated: newSimulatedMachine(daemon), differences });
  let real: PlainMachine;
  Deno.test.beforeAll(async () => {
    real = await PlainMachine.start(daemon, preparedTools());
  });
  Deno.test.afterAll(() => real.stop());
  for (const { name, steps, daemon: only = daemon } of SPECIAL) {
    if (only !== daemon) continue;
    Deno.test(`${daemon}: ${name}`, () => compareSequence("this sequence", steps, pair()));
  }
  for (const batch of [fixed, random].flatMap(parts)) {
    const last = batch.seed + batch.sequences - 1;
    Deno.test(`${daemon}: sequences of the seeds ${batch.seed} to ${last}, ${batch.steps} requests each`, () =>
      compareBatch(batch, pair()));
  }
  Deno.test(`${daemon}: each allowed difference was met`, () => assert.deepEqual(differences.unmet(), []));
}

/** Makes the machine that is judged. */
function newSimulatedMachine(daemon: Daemon) {
  const xen = new MockXen({ store: { daemon } });
  const { storeSocket } = xen.domain(0);
  return simulatedMachine({ socket: storeSocket, device: storeSocket, domu: xen.domain(1).store }, 1);
}

/** Splits sequences into those of each test. */
function parts({ seed, sequences, steps }: Batch): Batch[] {
  return Array.from({ length: Math.ceil(sequences / SEQUENCES_PER_TEST) }, (_, at) => {
    const first = at * SEQUENCES_PER_TEST;
    return { seed: seed + first, sequences: Math.min(SEQUENCES_PER_TEST, sequences - first), steps };
  });
}
