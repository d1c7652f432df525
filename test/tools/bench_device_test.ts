/**
 * The parts of the bench on the real device that need no device: when rounds agree, what a log says, what the table
 * shows.
 */

import { expect, test } from "vitest";
import { HEAP, resultsOf, SYSTEM_CALLS, TIME } from "../../bench/device/results.ts";
import { provenanceText, xenRows } from "../../bench/device/tables.ts";
import type { Provenance } from "../../bench/harness/provenance.ts";
import { settle } from "../../bench/harness/settle.ts";
import { formatRecord, type Message, parseRecords } from "../rig/report.ts";

/** Returns the figures of one side round by round, then the last one forever. */
function roundsOf(figures: readonly number[]): () => Promise<number[]> {
  let next = 0;
  return () => Promise.resolve([100, figures[Math.min(next++, figures.length - 1)]!]);
}

test("settle() goes on while a side gets faster", async () => {
  const falling = Array.from({ length: 60 }, (_, round) => 1000 - round * 10);
  const { rounds, settled } = await settle(roundsOf(falling), 0, 60);
  expect(settled).toBe(true);
  expect(rounds).toBeGreaterThan(60);
});

test("settle() ends with the first rounds that agree", async () => {
  expect(await settle(roundsOf([500]), 0, 60)).toEqual({ rounds: 40, settled: true });
});

test("settle() goes on for the least time in any case", async () => {
  const { rounds, settled } = await settle(roundsOf([500]), 0.05, 60);
  expect(settled).toBe(true);
  expect(rounds).toBeGreaterThan(40);
});

test("settle() gives up after its patience", async () => {
  expect(await settle(roundsOf([500]), 0, 0)).toEqual({ rounds: 0, settled: false });
});

const ABOUT: Provenance = {
  date: "2026-01-02T03:04:05Z",
  mode: "full",
  machine: { processor: "a processor", cores: 2 },
  versions: { deno: "2.9.6" },
};
const TIMES = {
  pages: 16,
  times: 40,
  warmUp: 12,
  settled: false,
  rounds: { c: [100, 100, 200], bare: [110, 104, 210], deno: [114, 110, 240], node: [130, 120, 260] },
};
const CALLS = [
  { side: "c", pages: 16, calls: { ioctl: 2, mmap: 1, munmap: 1 } },
  { side: "deno", pages: 16, calls: { ioctl: 2, mmap: 1, munmap: 1, futex: 0.01 } },
  { side: "node", pages: 16, calls: { ioctl: 2, mmap: 1, munmap: 1 } },
];
const LOG: Message[] = [
  { kind: "ok", name: "bench: all sides start" },
  { kind: "ok", name: `${TIME} 16 pages`, detail: JSON.stringify(TIMES) },
  { kind: "ok", name: `${SYSTEM_CALLS}, 16 pages`, detail: JSON.stringify(CALLS) },
  { kind: "ok", name: HEAP, detail: JSON.stringify([{ side: "deno", pages: 16, bytes: 123 }]) },
];

test("resultsOf() collects from a log what the tests in dom0 returned", () => {
  const log = LOG.map((record, index) => formatRecord(index + 1, record)).join("\r\n");
  const results = resultsOf(parseRecords(log).map(({ record }) => record), ABOUT);
  expect(results.time).toEqual([TIMES]);
  expect(results.systemCalls).toEqual(CALLS);
  expect(results.heap).toEqual([{ side: "deno", pages: 16, bytes: 123 }]);
});

test("xenRows() compares the median of the rounds' ratios with the target", () => {
  const [head, ...body] = xenRows(resultsOf(LOG, ABOUT));
  const cell = (side: string, column: string) => body.find((row) => row[1] === side)![head!.indexOf(column)];
  expect(cell("deno", "÷ C")).toBe("1.14");
  expect(cell("deno", "met")).toBe("yes");
  expect(cell("node", "÷ C")).toBe("1.3");
  expect(cell("node", "met")).toBe("no");
  expect(cell("deno", "system calls")).toBe("4.01");
});

test("provenanceText() names the pages for which the sides had not settled", () => {
  expect(provenanceText(resultsOf(LOG, ABOUT))).toContain("for pages: 16");
});
