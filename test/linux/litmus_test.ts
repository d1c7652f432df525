/**
 * The memory model that channels rely on: `Atomics` on plain buffers over foreign memory, between two threads. The
 * language promises it for a `SharedArrayBuffer` only.
 */
import { beforeAll, expect, test } from "vitest";
import { exec } from "../../scripts/exec.ts";
import { faultsOf } from "../npm/programs/litmus.ts";

let found: Record<string, [number[], number[]]>;
beforeAll(async () => {
  const program = new URL("litmus.ts", import.meta.url).pathname;
  found = JSON.parse(await exec(Deno.execPath(), ["run", "--quiet", "--allow-ffi", "--allow-read", program]));
});

test("nothing is lost, undone, or seen in another order", () => {
  expect(faultsOf(found)).toEqual([]);
});

test("the rings carry a stream between threads that wait for each other, and lose neither a byte nor a wake-up", () => {
  const [[, writerWaits], [wrong, readerWaits]] = found["rings"] as [[number, number], [number, number]];
  expect(wrong).toBe(0);
  expect(writerWaits + readerWaits).toBeGreaterThan(0);
});
