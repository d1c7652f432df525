/**
 * What the real device answers, replayed on the mock: the traces of differential/hand.trace. A test of the rig replays them on
 * the device itself.
 *
 * Of the device's calls these have no counterpart in the API, and are in no trace: unknown flag bits, domids from 0x7FF0 on (a
 * `RangeError`), private mappings, the end of a part of a mapping, unknown actions of a notify, a duplicated descriptor, an
 * unknown ioctl, and a use after the close of the file.
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
