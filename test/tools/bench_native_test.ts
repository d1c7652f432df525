/** The sides of `bench:native` that need no package do their work, on the stand-in for the device. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildStandIn } from "../../bench/device/build.ts";
import { startSides } from "../../bench/device/sides.ts";
import { ensureGcc } from "../support/ensure.ts";

let directory: string;
beforeAll(async () => {
  await ensureGcc();
  directory = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(directory, { recursive: true }));

test("C, bare Deno and the library share pages over the stand-in for the device", async () => {
  const { libc, share } = await buildStandIn(directory);
  // The side of Node needs the packed package. Here it is a program that does nothing.
  const sides = startSides({ share, node: "true", project: directory, libc });
  expect(sides.map(({ name }) => name)).toEqual(["c", "bare", "deno", "node"]);
  for (const side of sides.filter(({ name }) => name !== "node")) {
    for (const pages of [1, 16]) {
      // The stand-in has 1024 pages. A side that leaves pages granted or mapped runs out of them and ends.
      expect(await side.request("share", pages, 2000)).toBeGreaterThan(0);
    }
  }
  for (const side of sides) await side[Symbol.asyncDispose]();
});
