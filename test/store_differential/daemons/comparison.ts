/**
 * Compares a daemon with the simulated one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { MockXen } from "../../../backends/mock.ts";
import { type Batch, compareBatch, compareSequence, type Pair } from "../batch.ts";
import { type Daemon, Differences } from "../differences.ts";
import { simulatedMachine } from "../simulated_machine.ts";
import { LIVES } from "../lives.ts";
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
  // New machines for each test: oxenstored ends no transaction that is full, and after thousands of requests in which
  // domains come and go, it may stop reading from a socket.
  const onPair = async (run: (pair: Pair) => Promise<void>) => {
    const real = await PlainMachine.start(daemon, preparedTools());
    try {
      await run({ real, simulated: newSimulatedMachine(daemon), differences });
    } finally {
      await real.stop();
    }
  };
  for (const { name, steps, daemon: only = daemon } of [...SPECIAL, ...LIVES]) {
    if (only !== daemon) continue;
    Deno.test(`${daemon}: ${name}`, () => onPair((pair) => compareSequence("this sequence", steps, pair)));
  }
  for (const batch of [fixed, random].flatMap(parts)) {
    const last = batch.seed + batch.sequences - 1;
    Deno.test(`${daemon}: sequences of the seeds ${batch.seed} to ${last}, ${batch.steps} requests each`, () =>
      onPair((pair) => compareBatch(batch, pair)));
  }
  Deno.test(`${daemon}: each allowed difference was met`, () => assert.deepEqual(differences.unmet(), []));
}

/** Makes the machine that is judged. */
function newSimulatedMachine(daemon: Daemon) {
  const xen = new MockXen({ store: { daemon } });
  const { storeSocket } = xen.domain(0);
  return simulatedMachine({ socket: storeSocket, device: storeSocket, domu: xen.domain(1).store }, 1, xen);
}

/** Splits sequences into those of each test. */
function parts({ seed, sequences, steps }: Batch): Batch[] {
  return Array.from({ length: Math.ceil(sequences / SEQUENCES_PER_TEST) }, (_, at) => {
    const first = at * SEQUENCES_PER_TEST;
    return { seed: seed + first, sequences: Math.min(SEQUENCES_PER_TEST, sequences - first), steps };
  });
}
