/**
 * Replays the answers of the real device on the mock: the traces of hand.trace. A test of the rig replays them on the
 * device.
 *
 * Some calls of the device have no counterpart in the API, and are in no trace: unknown flag bits, domids from 0x7FF0
 * on (a `RangeError`), private mappings, unmapping part of a mapping, unknown actions of a notify, a duplicated
 * descriptor, an unknown ioctl, and the use of a closed file.
 */
import { expect, test } from "vitest";
import { debugCore } from "../support/debug_core.ts";
import { Differences } from "./differences.ts";
import { Executor } from "./executor.ts";
import { handTraces } from "./hand_traces.ts";
import { LibraryMachine } from "./library_machine.ts";
import { printTrace } from "./trace.ts";

const differences = new Differences();

test.each(handTraces())("$name", ({ steps, answers }) => {
  const executor = new Executor(new LibraryMachine({ core: debugCore }));
  const ours = steps.map((step, number) => {
    const [expected, answer] = [answers[number]!, executor.answer(step)];
    return differences.allows(step, expected, answer) ? expected : answer;
  });
  expect(printTrace(steps, ours)).toBe(printTrace(steps, answers));
});
