import { expect, test } from "vitest";
import { programResult } from "../support/shim/program.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();

test("garbage collection of a mapping and its views unmaps nothing", async () => {
  const program = new URL("collected.ts", import.meta.url);
  const found = await programResult(program, ["-A", "--v8-flags=--expose-gc"], [used.libc]);
  expect(found).toEqual({ collected: true, mapped: 3, seen: [5, 6] });
});
