import { expect, test } from "vitest";
import { namesOf } from "../rig/guest/runner.ts";
import { formatRecord, judge, type Message, parseRecords } from "../rig/report.ts";

const END = "@end status=0 taint=0";

/** The log of a healthy guest: plans, results, done, and the end. */
function logOf(records: Message[]): string[] {
  const lines = records.map((record, index) => formatRecord(index + 1, record));
  return [
    "(XEN) Xen version 4.17.7 (Debian) debug=n",
    "[    2.710330] Grant table initialized",
    ...lines,
    END,
  ];
}

const TWO: Message[] = [
  { kind: "plan", name: "maps" },
  { kind: "plan", name: "frees" },
  { kind: "ok", name: "maps" },
  { kind: "ok", name: "frees" },
  { kind: "done" },
];
const NAMES = ["maps", "frees"];

/** Lists everything that makes a run fail. */
function faults(log: string | string[], expected = NAMES): string[] {
  const { failed, problems } = judge([log].flat().join("\r\n"), expected);
  return [...failed.map(({ name, error }) => `${name}: ${error}`), ...problems];
}

test("judge() passes a complete log", () => {
  expect(judge(logOf(TWO).join("\n"), NAMES)).toEqual({
    passed: NAMES,
    failed: [],
    skipped: [],
    problems: [],
  });
});

test("judge() finds records behind other text, and among carriage returns and blank lines", () => {
  const log = logOf(TWO).map((line) => `[   10.1] noise ${line}\r\r\n\r`);
  expect(faults(log)).toEqual([]);
});

test("judge() counts a repeated record once", () => {
  expect(faults([...logOf(TWO), ...logOf(TWO)])).toEqual([]);
});

test("judge() uses the copy of a record when the first is garbled", () => {
  const log = logOf(TWO);
  const garbled = log.map((line) => line.replace("ok", "o[ 9.1] usb 1-1k"));
  expect(faults([...garbled, ...log])).toEqual([]);
});

test("judge() reports a failed test with its error", () => {
  const log = logOf([
    ...TWO.slice(0, 3),
    { kind: "not ok", name: "frees", detail: "Error: EINVAL\n  at line 3" },
    { kind: "done" },
  ]);
  expect(faults(log)).toEqual(["frees: Error: EINVAL\n  at line 3"]);
});

test("judge() accepts a skip with a reason, and fails one without", () => {
  const skip = (detail: string) =>
    logOf([
      ...TWO.slice(0, 3),
      { kind: "skip", name: "frees", detail },
      { kind: "done" },
    ]);
  expect(judge(skip("needs a second domain").join("\n"), NAMES).skipped)
    .toEqual([{ name: "frees", reason: "needs a second domain" }]);
  expect(faults(skip(" "))).toEqual(["frees: skipped without a reason"]);
});

test("judge() fails a test if one character of its only record is damaged", () => {
  const log = logOf(TWO);
  const at = log.findIndex((line) => line.includes(" ok "));
  const line = log[at] ?? "";
  for (let i = 0; i < line.length; i++) {
    const damaged = log.toSpliced(at, 1, `${line.slice(0, i)}#${line.slice(i + 1)}`);
    expect(faults(damaged)).toContain("maps: did not report");
  }
});

test("judge() fails a truncated log", () => {
  const log = logOf(TWO).join("\n");
  for (let length = 0; length < log.length; length++) {
    expect(faults(log.slice(0, length))).not.toEqual([]);
  }
});

test("judge() fails a log with any line missing", () => {
  const log = logOf(TWO);
  for (let lost = 2; lost < log.length; lost++) {
    expect(faults(log.toSpliced(lost, 1))).not.toEqual([]);
  }
});

test("judge() fails a guest that plans nothing, or less than the host expects", () => {
  expect(faults(logOf([{ kind: "done" }]))).toEqual([
    "maps: was not planned, and did not report",
    "frees: was not planned, and did not report",
  ]);
  expect(faults(logOf(TWO), [...NAMES, "copies"])).toContain(
    "copies: was not planned, and did not report",
  );
});

test("judge() fails a test that reports without a plan", () => {
  expect(faults(logOf(TWO.slice(1)))).toEqual(['"maps" reported without a plan']);
});

test("judge() fails if the host expects nothing, or a name twice", () => {
  expect(faults(logOf([{ kind: "done" }]), [])).toContain(
    "no test was expected",
  );
  expect(faults(logOf(TWO), [...NAMES, "maps"])).toContain(
    'two tests are called "maps"',
  );
});

test("judge() fails a test that the host does not expect", () => {
  expect(faults(logOf(TWO), ["maps"])).toEqual([
    'the guest planned "frees", unexpected',
    'the guest reported "frees", unexpected',
  ]);
});

test("judge() fails a test with two results, and reports the worse one", () => {
  const twice = logOf([
    ...TWO.slice(0, 4),
    { kind: "not ok", name: "maps", detail: "no" },
    { kind: "done" },
  ]);
  expect(faults(twice)).toEqual(["maps: no", '"maps" reported 2 results']);
});

test("judge() fails a record with two versions", () => {
  const other = formatRecord(3, { kind: "ok", name: "frees" });
  expect(faults([...logOf(TWO), other])).toContain(
    "record 3 came in two versions",
  );
});

test("judge() fails a run that continues after it is done", () => {
  const late = formatRecord(6, { kind: "ok", name: "maps" });
  expect(faults([...logOf(TWO), late])).toContain(
    "the guest never said that it was done",
  );
});

test("judge() fails a program that crashes after its last record, and a tainted kernel", () => {
  const ended = (end: string) => logOf(TWO).toSpliced(-1, 1, end);
  expect(faults(ended("@end status=139 taint=0"))).toEqual([
    "the test program ended with status 139",
  ]);
  expect(faults(ended("@end status=0 taint=512"))).toEqual([
    "dom0's kernel is tainted: 512",
  ]);
});

test.each([
  "[   10.2] WARNING: CPU: 0 PID: 1 at drivers/xen/gntalloc.c:1",
  "[   10.2] BUG: kernel NULL pointer dereference, address: 0",
  "[   10.2] kernel BUG at mm/slub.c:300!",
  "[   10.2] Oops: 0000 [#1] PREEMPT SMP PTI",
  "[   10.2] Call Trace:",
  "[   10.2] Kernel panic - not syncing: Attempted to kill init!",
  "[   10.2] Out of memory: Killed process 80 (deno)",
  "[   10.2] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
  "[   10.2] xen:grant_table: leaking g.e. 0x1f (pfn 1234)",
  "(XEN) d1v0 Unhandled general protection fault",
  "(XEN) common/grant_table.c:820:d0v0 Bad flags (0) or dom (0)",
  "(XEN) gnttab_mark_dirty not implemented yet",
  "(XEN) Grant table range: 0x00000040200000-0x00000040240000 is too small",
  "(XEN) Panic on CPU 0:",
  "(XEN) Domain 0 crashed: rebooting machine in 5 seconds.",
  "(XEN) Assertion 'x' failed at y.c:1",
  "@log first [    9.1] BUG: Bad page map in process deno",
  "WARNING: no domU console was recorded",
])("judge() fails on this line even if all tests pass: %s", (line) => {
  expect(faults(logOf(TWO).toSpliced(4, 0, line))).toEqual([
    `console: ${line}`,
  ]);
});

test.each([
  "(XEN) Xen version 4.17.7 (x86_64-linux-gnu-gcc) debug=n",
  "(XEN) Guest Loglevel: Nothing (Rate-limited: Errors and warnings)",
  "[    2.7] Grant table initialized",
  "(XEN) Grant table range: 0x00000040200000-0x00000040240000",
  "[    2.7] DEBUG: no complaint",
])("judge() ignores this line: %s", (line) => {
  expect(faults([line, ...logOf(TWO)])).toEqual([]);
});

test("judge() does not mistake the output of a test for that of the kernel", () => {
  const name = 'warns with "WARNING: @xen ~ é"';
  const log = logOf([
    { kind: "plan", name },
    { kind: "ok", name },
    { kind: "done" },
  ]);
  expect(faults(log, [name])).toEqual([]);
});

test("parseRecords() reads any text that formatRecord() writes", () => {
  const record: Message = {
    kind: "not ok",
    name: 'a "name" # with ~deadbeef @xen 1 done ~00000000 \\ \u{1f600}',
    detail: "a\r\nb\t~@\u0000\u2028",
  };
  const line = formatRecord(7, record);
  expect(line).toMatch(/^[ -~]+$/);
  expect(parseRecords(`${line} ${line}`)).toEqual([
    { number: 7, record },
    { number: 7, record },
  ]);
});

test("formatRecord() truncates an error that is too long for a line", () => {
  const line = formatRecord(1, {
    kind: "not ok",
    name: "long",
    detail: "x".repeat(100_000),
  });
  expect(line.length).toBeLessThan(2000);
  expect(parseRecords(line)).toHaveLength(1);
});

test("namesOf() lists tests and skips without running them", () => {
  const names = namesOf(({ test, skip }) => {
    test("first", () => {
      throw new Error("ran");
    });
    skip("second", "no reason");
  });
  expect(names).toEqual(["first", "second"]);
});

test("judge() reports what else is watched for, and expects some of it as often as it is to come", () => {
  const watched = { complaint: /blkback/, expected: [{ pattern: /blkback: bogus/, times: 2 }] };
  const problems = (...lines: string[]) => judge([...logOf(TWO), ...lines].join("\n"), NAMES, watched).problems;
  const bogus = "[ 9.1] blkback: bogus ring";
  expect(problems(bogus, bogus)).toEqual([]);
  expect(problems(bogus)).toEqual(["console: 1 lines like /blkback: bogus/, and not 2"]);
  expect(problems(bogus, bogus, bogus)).toEqual(["console: 3 lines like /blkback: bogus/, and not 2"]);
  expect(problems(bogus, bogus, "[ 9.2] blkback: oops")).toEqual(["console: [ 9.2] blkback: oops"]);
  expect(judge([...logOf(TWO), bogus].join("\n"), NAMES).problems).toEqual([]);
  const limited = { complaint: /blkback/, expected: [{ pattern: /blkback: bogus/, times: [1, 2] as const }] };
  const [none, two, three] = [0, 2, 3].map((count) =>
    judge([...logOf(TWO), ...Array(count).fill(bogus)].join("\n"), NAMES, limited).problems
  );
  expect(none).toEqual(["console: 0 lines like /blkback: bogus/, and not 1 to 2"]);
  expect([two, three]).toEqual([[], ["console: 3 lines like /blkback: bogus/, and not 1 to 2"]]);
});
