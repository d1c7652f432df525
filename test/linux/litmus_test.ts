/**
 * The memory model that channels rely on: `Atomics` on plain buffers over foreign memory, between two threads. The
 * language promises it for a `SharedArrayBuffer` only.
 */
import { beforeAll, expect, test } from "vitest";
import { exec } from "../../scripts/exec.ts";

let found: Record<string, [number[], number[]]>;
beforeAll(async () => {
  const program = new URL("litmus.ts", import.meta.url).pathname;
  found = JSON.parse(await exec(Deno.execPath(), ["run", "--quiet", "--allow-ffi", "--allow-read", program]));
});

test("`Atomics.add()` on the same word loses nothing", () => {
  expect(found["add"]).toEqual([[0], [0]]);
});

test("`Atomics.or()` and `and()` on the same byte leave the bits of the other side alone", () => {
  expect(found["bits"]).toEqual([[0], [0]]);
});

test("a load is not done before an earlier store: never do both sides miss what the other wrote", () => {
  const [left, right] = found["storeThenLoad"]!;
  expect(left.length).toBeGreaterThan(100);
  expect(right.length).toBe(left.length);
  expect(left.filter((seen, round) => seen <= round && right[round]! <= round)).toEqual([]);
});

test("plain bytes are there when an index that was stored after them is seen", () => {
  expect(found["message"]).toEqual([[0], [0]]);
});

test("the rings carry a stream between threads that wait for each other, and lose neither a byte nor a wake-up", () => {
  const [[, writerWaits], [wrong, readerWaits]] = found["rings"] as [[number, number], [number, number]];
  expect(wrong).toBe(0);
  expect(writerWaits + readerWaits).toBeGreaterThan(0);
});
