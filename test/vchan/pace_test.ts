/** Answers that need not wait, and turns of the event loop. */
import { expect, test } from "vitest";
import { nextTurn } from "../../src/contract/event_loop.ts";
import { Pace } from "../../src/vchan/pace.ts";

/** Whether the event loop turns before an answer comes. */
async function takesTurn(answer: () => Promise<unknown>): Promise<boolean> {
  let turned = false;
  nextTurn(() => turned = true);
  await answer();
  return turned;
}

test.each([
  ["512 answers", 512, (pace: Pace) => pace.moved(1)],
  ["57 pieces of 64 KiB", 57, (pace: Pace) => pace.moved(64 * 1024)],
  ["64 waits without sleep", 64, (pace: Pace) => pace.spun()],
])("after %s, the event loop has to turn", (_, times, act) => {
  const pace = new Pace();
  for (let time = 1; time < times; time++) act(pace);
  expect(pace.isDue).toBe(false);
  act(pace);
  expect(pace.isDue).toBe(true);
});

test("an answer is fulfilled in a later turn when one is due, and at once otherwise", async () => {
  const pace = new Pace();
  expect(await takesTurn(() => pace.value("a", 1))).toBe(false);
  expect(await takesTurn(() => pace.done())).toBe(false);
  expect(await takesTurn(() => pace.value("a", 4 * 1024 * 1024))).toBe(true);
  pace.moved(4 * 1024 * 1024);
  expect(await takesTurn(() => pace.done())).toBe(true);
  expect(await takesTurn(() => pace.count(4 * 1024 * 1024))).toBe(true);
  pace.moved(4 * 1024 * 1024);
  pace.turned();
  expect(await takesTurn(() => pace.done())).toBe(false);
});

test("the same count is answered by the same promise", async () => {
  const pace = new Pace();
  const first = pace.count(64);
  expect(pace.count(64)).toBe(first);
  const other = pace.count(null);
  expect([await first, await other, await pace.count(64)]).toEqual([64, null, 64]);
});
