/**
 * Random programs on XenStore through recorders and faults: without rules, each call reaches the machine unchanged, and
 * a replay finds no difference.
 */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { replayAsync } from "../../backends/record.ts";
import { recording } from "../support/recorded.ts";
import { storeProgram } from "../support/store_program.ts";

describe.each(["xenstored", "oxenstored"] as const)("%s", (daemon) => {
  test.each(Array.from({ length: 15 }, (_, seed) => seed))("seed %i", async (seed) => {
    const [outer, inner] = [recording(), recording()];
    const faults = new Faults();
    const xen = new MockXen({ store: { daemon } });
    await storeProgram(outer.recorder.wrap(faults.wrap(inner.recorder.wrap(xen.domain(1)))), seed);
    xen.assertClean();
    expect(outer.trace).toEqual(inner.trace);
    expect([outer.recorder.failure, inner.recorder.failure, faults.unreleased]).toEqual([undefined, undefined, 0]);
    const machine = new MockXen({ store: { daemon } });
    const { difference, left, openAtEnd } = await replayAsync(outer.trace, { domains: [machine.domain(1)] });
    expect(difference?.message).toBe(undefined);
    expect([left, openAtEnd]).toEqual([[], undefined]);
    machine.assertClean();
  });
});
