/**
 * Random calls to a disk on a simulated Xen, beside a naive model, while everything that can go wrong does: programs
 * are killed, calls to Xen and to the medium fail, XenStore conflicts and is lost.
 */
import fc from "fast-check";
import process from "node:process";
import { afterAll, expect, test } from "vitest";
import { Model, SECTOR } from "./model.ts";
import { type Step, System } from "./system.ts";

/** The number of runs, of steps in a run, and of the most calls in a step. */
const RUNS = 185;
const STEPS = { minLength: 15, maxLength: 35, size: "max" as const };
const CALLS = 100;

const place = { first: fc.nat({ max: 127 }), count: fc.integer({ min: 1, max: 128 }) };
const givenUp = fc.option(fc.nat({ max: 3 }), { nil: undefined });
const single = fc.oneof(
  fc.record({ do: fc.constantFrom("write" as const, "read" as const, "discard" as const), ...place, givenUp }),
  fc.record({ do: fc.constant("flush" as const), givenUp }),
);

const steps: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 40,
    arbitrary: fc.record({
      do: fc.constant("calls"),
      seed: fc.integer({ min: 1, max: 2 ** 31 }),
      count: fc.integer({ min: 1, max: CALLS }),
    }),
  },
  { weight: 10, arbitrary: single },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("turns"), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("settle") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("detach") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("kill"), side: fc.constantFrom("frontend", "backend") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restart") }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("medium"), call: fc.constantFrom("read", "write", "flush", "discard") }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("fail"),
      side: fc.constantFrom("frontend", "backend"),
      call: fc.constantFrom(
        "grants grant",
        "grants map",
        "grants unmap",
        "grants endAccess",
        "maps map",
        "maps copy",
        "maps unmap",
        "events notify",
        "events pending",
        "events wait",
        "events unmask",
        "events lost",
        "store conflict",
        "store busy",
      ),
      nth: fc.integer({ min: 1, max: 4 }),
    }),
  },
];
const options = fc.record({
  persistent: fc.boolean(),
  ringOrder: fc.nat({ max: 2 }),
  pages: fc.constantFrom(1, 13, 40, 320),
  maxIndirect: fc.constantFrom(0, 16, 256),
  slow: fc.nat({ max: 3 }),
});

const totals = new Map<string, number>();

test("what is read is what was written, whatever fails", async () => {
  const run = async (
    given: typeof options extends fc.Arbitrary<infer Value> ? Value : never,
    list: readonly Step[],
  ) => {
    const system = await System.create(given);
    for (const step of list) await system.apply(step);
    await system.finish();
    for (const [what, count] of system.counts) totals.set(what, (totals.get(what) ?? 0) + count);
  };
  await fc.assert(fc.asyncProperty(options, fc.array(fc.oneof(...steps), STEPS), run), {
    numRuns: RUNS,
    endOnFailure: true,
    timeout: 60_000,
  });
  // As many as were promised, and each kind of end.
  expect(totals.get("calls")).toBeGreaterThan(100_000);
  for (const what of ["done", "io", "failed", "detached", "given up", "attached", "killed", "served"]) {
    expect([what, totals.get(what) ?? 0]).toEqual([what, expect.toSatisfy((count: number) => count > 10)]);
  }
});

test("the model finds a write that is lost, one that was overtaken, and a sector that is torn", () => {
  const model = new Model(4);
  const first = model.write(1, 2);
  first.write.isDone = true;
  model.check(model.expect(1, 2), first.bytes);
  expect(() => model.check(model.expect(1, 2), new Uint8Array(2 * SECTOR))).toThrow("sector 1 has 0, expected 1");
  const second = model.write(1, 2);
  // It may or may not be there yet.
  const torn = second.bytes.slice();
  torn[100] = 1;
  expect(() => model.check(model.expect(1, 2), torn)).toThrow("sector 1 has 2, expected 1 or 2");
  model.check(model.expect(1, 2), first.bytes);
  // That has been seen, so it cannot change any more.
  expect(() => model.check(model.expect(1, 1), second.bytes.subarray(0, SECTOR))).toThrow("sector 1 has 2, expected 1");
});

afterAll(() => {
  if (process.env.VERBOSE) console.log(Object.fromEntries(totals));
});
