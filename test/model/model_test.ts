/** Random steps on the library over the mock. After each, the library is compared with a naive model. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { MockMemory, MockProfile } from "../../backends/mock.ts";
import type { Step } from "./model.ts";
import { LIMIT, Pair } from "./run.ts";

/** The number of runs, and the most steps of a run. */
const RUNS = 300;
const STEPS = 400;

const file = fc.nat({ max: 3 });
const mapping = fc.nat({ max: 12 });
const page = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 40 }) }, { weight: 1, arbitrary: fc.nat({ max: 400 }) });
/** Mostly short runs, and some that cross borders of 64 pages. */
const count = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 150 }) },
);
/** Mostly a few bytes, so that the same byte is written, cleared and read. */
const byte = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 5, 4095, 4096, 4101) }, fc.nat({ max: 3 * 4096 }));
const value = fc.integer({ min: 1, max: 255 });

const steps: { weight: number; step: fc.Arbitrary<Step> }[] = [
  { weight: 2, step: fc.record({ do: fc.constant("open") }) },
  { weight: 1, step: fc.record({ do: fc.constant("close"), file }) },
  {
    weight: 12,
    step: fc.record({
      do: fc.constant("allocate"),
      file,
      pages: fc.oneof({ weight: 20, arbitrary: count }, fc.constantFrom(LIMIT, LIMIT + 1, 0xffff_ffff)),
      domid: fc.constantFrom(0, 0, 0, 7),
      writable: fc.boolean(),
    }),
  },
  { weight: 8, step: fc.record({ do: fc.constant("free"), page, count }) },
  { weight: 8, step: fc.record({ do: fc.constant("map"), page, count }) },
  { weight: 8, step: fc.record({ do: fc.constant("unmap"), mapping }) },
  { weight: 7, step: fc.record({ do: fc.constant("write"), mapping, byte, value }) },
  {
    weight: 7,
    step: fc.record({ do: fc.constant("notify"), page, clearByte: fc.constantFrom(null, 0, 0, 5, 5, 4095) }),
  },
  {
    weight: 2,
    step: fc.record({ do: fc.constant("limit"), pages: fc.constantFrom(0, 10, 300, LIMIT, 700, 700, 700) }),
  },
  {
    weight: 8,
    step: fc.record({
      do: fc.constant("peerMap"),
      page,
      count: fc.integer({ min: 1, max: 4 }),
      writable: fc.boolean(),
    }),
  },
  { weight: 8, step: fc.record({ do: fc.constant("peerUnmap"), mapping }) },
  { weight: 7, step: fc.record({ do: fc.constant("peerWrite"), mapping, byte, value }) },
  {
    weight: 2,
    step: fc.record({
      do: fc.constant("fail"),
      call: fc.constantFrom("grant", "map", "unmap", "notify"),
      pages: fc.nat({ max: 70 }),
    }),
  },
  { weight: 2, step: fc.record({ do: fc.constant("stick"), stuck: fc.constantFrom(true, false, false, false) }) },
];

/** Steps that seldom meet by chance: the peer writes the byte that a notify clears, and sees it cleared. */
const notified: fc.Arbitrary<Step[]> = fc.record({ clearByte: fc.constantFrom(0, 5, 4095), value }).map(
  ({ clearByte, value }) => [
    { do: "allocate", file: 0, pages: 1, domid: 0, writable: true },
    { do: "peerMap", page: 0, count: 1, writable: true },
    { do: "peerWrite", mapping: 0, byte: clearByte, value },
    { do: "notify", page: 0, clearByte },
    { do: "free", page: 0, count: 1 },
  ],
);

const KINDS = [
  ...["open: done", "limit: done", "fail: done", "stick: done"],
  ...[
    "allocate: done",
    "allocate: closed",
    "allocate: limit-reached",
    "allocate: table-full",
    "allocate: backend-failed",
  ],
  ...["free: done", "free: closed", "free: not-found", "free: backend-failed"],
  ...["map: done", "map: closed", "map: not-found", "map: backend-failed"],
  ...["unmap: done", "unmap: backend-failed", "close: done", "close: backend-failed"],
  ...["notify: done", "notify: closed", "notify: not-found", "notify: backend-failed"],
  ...["write: done", "write: dead", "peerWrite: done", "peerWrite: dead"],
  ...["peerMap: done", "peerMap: map-refused", "peerUnmap: done"],
];

const MACHINES = (["linux-5.16", "linux-6.1"] satisfies MockProfile[]).flatMap((profile) =>
  (["buffers", "slabs"] satisfies MockMemory[]).map((memory) => ({ profile, memory }))
);

for (const { profile, memory } of MACHINES) {
  test(`the library does what the model does, profile ${profile}, memory in ${memory}`, { timeout: 600_000 }, () => {
    let done = 0;
    let seen = 0;
    const answers = new Map<string, number>();
    const single = steps.map(({ weight, step }) => ({ weight, arbitrary: step.map((one): Step[] => [one]) }));
    const trace = fc.array(fc.oneof(...single, { weight: 1, arbitrary: notified }), {
      minLength: 1,
      maxLength: STEPS,
      size: "max",
    }).map((parts) => parts.flat());
    fc.assert(
      fc.property(trace, (steps) => {
        const pair = new Pair(profile, memory);
        for (const step of steps) {
          const answer = pair.apply(step);
          if (answer === undefined) continue;
          done++;
          const kind = `${step.do}: ${typeof answer === "number" ? "done" : answer}`;
          answers.set(kind, (answers.get(kind) ?? 0) + 1);
        }
        seen += pair.model.notified;
        pair.finish();
      }),
      {
        numRuns: RUNS,
        reporter(result) {
          if (!result.failed) return;
          const [steps] = result.counterexample!;
          throw new Error(
            `seed ${result.seed}, replay with:\ndeno run -A test/model/run.ts ${profile} ${memory} '${
              JSON.stringify(steps)
            }'`,
            { cause: result.errorInstance },
          );
        },
      },
    );
    // Every kind of answer must have been met often.
    for (const kind of KINDS) expect(answers.get(kind) ?? 0, kind).toBeGreaterThan(3);
    expect([...answers.keys()].filter((kind) => !KINDS.includes(kind))).toEqual([]);
    expect(done).toBeGreaterThan(25_000);
    expect(seen).toBeGreaterThan(10);
  });
}
