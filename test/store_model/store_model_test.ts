/**
 * Random steps of several domains with the client over both simulated daemons. After each, everything that a domain can
 * see is compared with a naive model.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Daemon } from "./model.ts";
import { Pair } from "./run.ts";
import { type Entry, GUESTS, PATHS, type Request, type Step, TOPS } from "./steps.ts";

/** The number of runs, and the most steps of a run. */
const RUNS = 50;
const STEPS = 80;

const domid = fc.constantFrom(0, ...GUESTS);
const program = fc.nat({ max: 4 });
const path = fc.constantFrom(...PATHS, ...PATHS.filter((path) => path.length % 2 === 0));
const relative = fc.boolean();
const entry: fc.Arbitrary<Entry> = fc.record({
  domid,
  access: fc.constantFrom("none" as const, "read" as const, "write" as const, "both" as const),
});

const request: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom("read" as const, "list" as const), path }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("permissions" as const), path }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("make" as const), path }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("remove" as const), path }) },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant("write" as const), path, value: fc.constantFrom("", "1", "2") }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant("set permissions" as const),
      path,
      permissions: fc.array(entry, { minLength: 1, maxLength: 3 }),
    }),
  },
);

const single: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const), domid, socket: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("kill" as const, "close" as const), program }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("destroy" as const), domid: fc.constantFrom(...GUESTS) }) },
  {
    weight: 30,
    arbitrary: fc.record({ do: fc.constant("request" as const), program, inside: fc.boolean(), relative, request }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("begin" as const), program }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      program,
      commit: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("watch" as const), program, path, relative }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unwatch" as const), watch: fc.nat({ max: 5 }) }) },
);

/** Steps that seldom meet by chance: a transaction reads and writes, and another program changes something meanwhile. */
const together: fc.Arbitrary<Step[]> = fc.record({
  path,
  other: path,
  value: fc.constantFrom("1", "2", "3"),
  op: fc.constantFrom("read" as const, "list" as const, "permissions" as const, "make" as const),
  change: request,
}).map(({ path, other, value, op, change }) => [
  { do: "start", domid: 0, socket: true },
  { do: "begin", program: 0 },
  { do: "request", program: 0, inside: true, relative: false, request: { op, path } },
  { do: "request", program: 1, inside: false, relative: false, request: change },
  { do: "request", program: 1, inside: false, relative: false, request: { op: "write", path, value } },
  { do: "request", program: 0, inside: true, relative: false, request: { op: "write", path: other, value } },
  { do: "end", program: 0, commit: true },
]);

const FIRST: readonly Step[] = [
  ...[0, ...GUESTS].map((domid): Step => ({ do: "start", domid, socket: domid === 0 })),
  ...[0, 1, 2].flatMap((program) =>
    TOPS.map((path): Step => ({ do: "watch", program, path, relative: program === 1 }))
  ),
];

const KINDS = [
  ...["start: done", "kill: done", "close: done", "destroy: done", "watch: done", "unwatch: done", "begin: done"],
  ...["request: done", "request: not-found", "request: denied", "request: closed"],
  ...["end: committed", "end: conflict"],
];

/**
 * Rare answers: few transactions are aborted; in C, a transaction that mixes old and new nodes may be unable to remove one, and one that changes nodes of
 * a domain that dies meanwhile cannot end well.
 */
const SELDOM = ["end: aborted", "request: refused", "request: invalid", "end: quota"];

const trace = fc.array(
  fc.oneof({ weight: 40, arbitrary: single.map((step) => [step]) }, { weight: 1, arbitrary: together }),
  { maxLength: STEPS, size: "max" },
).map((parts) => parts.flat());

for (const daemon of ["xenstored", "oxenstored"] satisfies Daemon[]) {
  test(`${daemon}: the client does what the model does`, { timeout: 600_000 }, async () => {
    const answers = new Map<string, number>();
    let events = 0;
    await fc.assert(
      fc.asyncProperty(trace, async (steps) => {
        const pair = await Pair.open(daemon);
        for (const step of [...FIRST, ...steps]) {
          const answer = await pair.apply(step);
          if (answer === undefined) continue;
          const kind = `${step.do}: ${answer}`;
          answers.set(kind, (answers.get(kind) ?? 0) + 1);
        }
        pair.finish();
        events += pair.events;
      }),
      {
        numRuns: RUNS,
        reporter(result) {
          if (!result.failed) return;
          const steps = JSON.stringify([...FIRST, ...result.counterexample![0]]);
          throw new Error(
            `seed ${result.seed}, replay with:\ndeno run -A test/store_model/run.ts ${daemon} '${steps}'`,
            { cause: result.errorInstance },
          );
        },
      },
    );
    // Every kind of answer must have been met. How often is up to the seed.
    for (const kind of KINDS) expect(answers.get(kind) ?? 0, kind).toBeGreaterThan(0);
    expect([...answers.keys()].filter((kind) => !KINDS.includes(kind) && !SELDOM.includes(kind))).toEqual([]);
    expect(events).toBeGreaterThan(500);
  });
}
