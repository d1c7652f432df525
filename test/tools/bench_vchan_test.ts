/** The bench of channels: ends that need no package talk to each other, and figures are judged. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDevices } from "../../bench/vchan/build.ts";
import { type Figures, Pair, SPIN } from "../../bench/vchan/pair.ts";
import type { GroupFigures, VchanResults } from "../../bench/vchan/results.ts";
import { verdicts } from "../../bench/vchan/tables.ts";
import { ensureGcc } from "../support/ensure.ts";

let directory: string;
beforeAll(async () => {
  await ensureGcc();
  directory = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(directory, { recursive: true }));

test("two ends of this library talk over the stand-in for the devices", async () => {
  const programs = { program: "true", libc: await buildDevices(directory) };
  await using pair = await Pair.start({ client: "Deno", server: "Deno", spin: SPIN }, programs, 65536, [0, 0]);
  for (const client of ["send", "try"]) {
    const stream = await pair.measure(`${client} 4096 1000 64`, "receive 4096 1000 64");
    expect(stream.time).toBeGreaterThan(0);
    // Both ends are on one processor, so that each sleeps while the other works.
    expect(stream.events).toBeGreaterThan(0);
  }
  expect((await pair.measure("ask 64 100 0", "answer 64 100 0")).work).toBeGreaterThan(0);
  const [write, read] = await pair.heap("write 64 100 0", "read 64 100 0");
  expect([typeof write, typeof read]).toEqual(["number", "number"]);
});

test("throughput is compared with that of C in the same round", () => {
  const rounds = (...times: number[]): Figures[] => times.map((time) => ({ time, work: time / 10, events: 64 }));
  const work = { kind: "stream", size: 4096, count: 16384 } as const;
  const group: GroupFigures = {
    title: "64 KiB rings, a processor an end",
    pairs: ["C → C", "Deno → Deno"],
    works: [{ work, rounds: [rounds(100, 200, 400), rounds(20, 50, 100)] }],
    quiet: [],
  };
  const results: VchanResults = {
    date: "2026-01-01T00:00:00Z",
    mode: "full",
    machine: { processor: "a processor", cores: 2 },
    versions: {},
    groups: [group, { ...group, works: [] }, { ...group, works: [] }],
  };
  const measured = new Map(verdicts(results).map(({ figure, measured }) => [figure, measured]));
  expect(measured.get("stream, 4 KiB writes, 64 KiB ring, throughput ÷ C")).toBe(4);
  expect(measured.get("events a MiB, 4 KiB writes, 64 KiB ring")).toBe(1);
  expect(measured.get("processor time, 4 KiB writes ÷ C")).toBe(0.25);
  expect(measured.get("round trip of 64 B ÷ C")).toBeUndefined();
});
