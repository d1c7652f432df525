/** The sides of `bench:native` that need no package: that they do the work, on the device that stands in for the real one. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDevice } from "../../bench/native/build.ts";
import { startSides } from "../../bench/xen/sides.ts";
import { ensureGcc } from "../support/gcc.ts";

let directory: string;
beforeAll(async () => {
  await ensureGcc();
  directory = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(directory, { recursive: true }));

test("C, bare Deno and the library share pages over the device that stands in", async () => {
  const { libc, share } = await buildDevice(directory);
  // The side of Node takes the packed package: here, a program that does nothing.
  const sides = startSides({ share, node: "true", project: directory, libc });
  expect(sides.map(({ name }) => name)).toEqual(["c", "bare", "deno", "node"]);
  for (const side of sides.filter(({ name }) => name !== "node")) {
    for (const pages of [1, 16]) {
      // The device has 1024 pages, and refuses what is still granted or mapped: then a side ends, and has no answer.
      expect(await side.ask("share", pages, 2000)).toBeGreaterThan(0);
    }
  }
  for (const side of sides) await side[Symbol.asyncDispose]();
});
