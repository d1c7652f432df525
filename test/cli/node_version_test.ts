/** The versions of Node on which the program runs. */
import { expect, test } from "vitest";
import { isTooOld, OLDEST_NODE } from "../../cli/src/node_version.ts";
import { run } from "../../scripts/exec.ts";
import { completedCli } from "../../scripts/npm/cli_manifest.ts";

test.each([["20.19.0", true], ["22.11.0", true], ["22.12.0", false], ["22.13.1", false], ["24.0.0", false]])(
  "Node %s is too old: %s",
  (version, expected) => {
    expect(isTooOld(version)).toBe(expected);
  },
);

test("the package asks for the same version", () => {
  const packed = { name: "", version: "", type: "", license: "", exports: {} };
  expect(completedCli(packed).engines).toEqual({ node: `>=${OLDEST_NODE}` });
});

test("an older one gets one line", async () => {
  const path = new URL("programs/node_20.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await run(Deno.execPath(), [
    "run",
    "--no-check",
    "--allow-env",
    "--allow-read",
    path,
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe("gntalloc: Cannot run on Node 20.19.0: it needs Node 22.12 or later, or Deno.\n");
});
