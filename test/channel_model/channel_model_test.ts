/**
 * Random steps with mappers, copies, event channels and notifies over the mock. After each, the library is compared
 * with a naive model.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Pair } from "./run.ts";
import type { Segment, Step } from "./steps.ts";

/** The number of runs, and the most steps of a run. */
const RUNS = 250;
const STEPS = 200;

const domid = fc.constantFrom(0, 0, 1, 1, 2);
const program = fc.nat({ max: 3 });
const page = fc.nat({ max: 6 });
const mapping = fc.nat({ max: 4 });
const channel = fc.nat({ max: 4 });
/** A few bytes, so that the same byte is written, cleared, copied and read. */
const byte = fc.constantFrom(0, 5, 4095, 4096, 4101);
const value = fc.integer({ min: 1, max: 255 });
const clearByte = fc.constantFrom(null, 0, 5, 4095, 4101);
const someChannel = fc.oneof({ weight: 3, arbitrary: channel }, fc.constant(null));

const place = fc.record({ page, offset: fc.constantFrom(0, 3, 4090) });
const segment: fc.Arbitrary<Segment> = fc.record({ length: fc.integer({ min: 1, max: 6 }), value }).chain((rest) =>
  fc.oneof(
    fc.record({ from: place, to: place }),
    fc.record({ from: place, to: fc.constant(null) }),
    fc.record({ from: fc.constant(null), to: place }),
  ).map((sides) => ({ ...rest, ...sides }))
);

const failure: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    call: fc.constantFrom("map" as const, "bind" as const, "send" as const, "copy" as const),
    after: fc.constantFrom(null, 1, 2),
  }),
  fc.record({
    call: fc.constantFrom("wait" as const, "pending" as const, "unmask" as const),
    after: fc.constantFrom(null, 1),
  }),
  fc.record({ call: fc.constantFrom("unmap" as const, "unbind" as const), after: fc.constant(1) }),
  // Only before: the notify that was set earlier could not be restored if its port is gone.
  fc.record({ call: fc.constant("notify" as const), after: fc.constant(null) }),
).map((rest): Step => ({ do: "fail", ...rest }));

const steps: fc.WeightedArbitrary<Step>[] = [
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start"), domid }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill"), program }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("destroy"), domid }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("allocate"),
      program,
      pages: fc.integer({ min: 1, max: 3 }),
      domid,
      writable: fc.constantFrom(true, true, false),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("free"), page }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pageNotify"), page, clearByte, channel: someChannel }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constant("map"),
      program,
      pages: fc.array(page, { minLength: 1, maxLength: 3 }),
      writable: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("unmap"), mapping }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("write"), mapping, byte, value }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("notify"), mapping, clearByte, channel: someChannel }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("copy"),
      program,
      segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("bind"), program, domid }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("connect"), program, channel }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("send"), channel }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("wait"), channel }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("unbind"), channel }) },
  { weight: 4, arbitrary: failure },
];

/** Steps that seldom meet by chance: two programs with a page and a channel between them, and a notify of each. */
const together: fc.Arbitrary<Step[]> = fc.record({
  granter: domid,
  peer: domid,
  writable: fc.constantFrom(true, true, false),
  clearByte: fc.constantFrom(null, 0, 5),
  value,
}).map(({ granter, peer, writable, clearByte, value }) => [
  { do: "start", domid: granter },
  { do: "start", domid: peer },
  { do: "allocate", program: 1, pages: 1, domid: peer, writable: true },
  { do: "bind", program: 1, domid: peer },
  { do: "connect", program: 0, channel: 0 },
  { do: "map", program: 0, pages: [0], writable },
  { do: "write", mapping: 0, byte: clearByte ?? 0, value },
  { do: "pageNotify", page: 0, clearByte, channel: 1 },
  { do: "notify", mapping: 0, clearByte, channel: 0 },
  { do: "wait", channel: 1 },
]);

/** The same for a fault in binding to a port of another domain. */
const failedConnect: fc.Arbitrary<Step[]> = fc.record({ program, channel, after: fc.constantFrom(null, 1) }).map(
  ({ program, channel, after }) => [{ do: "fail", call: "bind", after }, { do: "connect", program, channel }],
);

const KINDS = [
  ...["start: done", "kill: done", "destroy: done", "fail: done"],
  ...["allocate: done", "allocate: closed", "free: done", "free: not-found"],
  ...["pageNotify: done", "pageNotify: closed", "pageNotify: not-found", "pageNotify: notify-refused"],
  ...["map: done", "map: closed", "map: map-refused", "map: backend-failed", "unmap: done", "unmap: backend-failed"],
  ...["write: done", "write: dead"],
  ...["notify: done", "notify: closed", "notify: notify-refused", "notify: backend-failed"],
  ...[
    "copy: okay",
    "copy: general_error",
    "copy: bad_domain",
    "copy: bad_page",
    "copy: closed",
    "copy: backend-failed",
  ],
  ...["bind: done", "bind: closed", "bind: backend-failed"],
  ...["connect: done", "connect: closed", "connect: port-refused", "connect: backend-failed"],
  ...["send: done", "send: closed", "send: backend-failed", "unbind: done", "unbind: backend-failed"],
  ...["wait: done", "waiter: woken", "waiter: closed", "waiter: backend-failed"],
];
/** Rare answers: a program starts in a domain that is still dying. */
const SELDOM = ["start: closed"];

test("mapper, copies and event channels do what the model does", { timeout: 600_000 }, async () => {
  let done = 0;
  const answers = new Map<string, number>();
  const count = (kind: string, by = 1) => answers.set(kind, (answers.get(kind) ?? 0) + by);
  const single = steps.map(({ weight, arbitrary }) => ({ weight, arbitrary: arbitrary.map((one): Step[] => [one]) }));
  const trace = fc.array(
    fc.oneof(...single, { weight: 5, arbitrary: together }, { weight: 1, arbitrary: failedConnect }),
    {
      minLength: 1,
      maxLength: STEPS,
      size: "max",
    },
  ).map((parts) => parts.flat());
  await fc.assert(
    fc.asyncProperty(trace, async (steps) => {
      const pair = new Pair();
      for (const domid of [0, 1]) await pair.apply({ do: "start", domid });
      for (const step of steps) {
        const answer = await pair.apply(step);
        if (answer === undefined) continue;
        done++;
        const all = typeof answer === "number" ? ["done"] : answer.split(",");
        for (const one of all) count(`${step.do}: ${one}`);
      }
      await pair.finish();
      for (const [outcome, times] of pair.outcomes) count(`waiter: ${outcome}`, times);
    }),
    {
      numRuns: RUNS,
      reporter(result) {
        if (!result.failed) return;
        const [steps] = result.counterexample!;
        const start = [{ do: "start", domid: 0 }, { do: "start", domid: 1 }];
        throw new Error(
          `seed ${result.seed}, replay with:\ndeno run -A test/channel_model/run.ts '${
            JSON.stringify([...start, ...steps])
          }'`,
          { cause: result.errorInstance },
        );
      },
    },
  );
  // Every kind of answer must have been met often.
  for (const kind of KINDS) expect(answers.get(kind) ?? 0, kind).toBeGreaterThan(3);
  expect([...answers.keys()].filter((kind) => !KINDS.includes(kind) && !SELDOM.includes(kind))).toEqual([]);
  expect(done).toBeGreaterThan(15_000);
});
