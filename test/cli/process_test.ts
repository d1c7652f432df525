/** The process of a command: signals, and pipes that close. */
import { expect, test } from "vitest";
import { run } from "../../scripts/exec.ts";
import { startProgram } from "../support/running.ts";
import { DENO, lines, start } from "./cli.ts";

test("a second signal ends the program at once", async () => {
  const path = new URL("programs/slow_release.ts", import.meta.url).pathname;
  const program = startProgram(Deno.execPath(), ["run", "--no-check", "--allow-env", path]);
  await program.until("ready");
  program.kill("SIGTERM");
  await program.until("releasing");
  program.kill("SIGINT");
  expect((await program.ended).code).toBe(130);
});

test.each([["--hold"], ["--watch"]])("`map %s` unmaps on SIGTERM and ends with 143", async (option) => {
  const program = start(["map", "1", "ring", option, "--length", "16", ...lines("1: share ring --to 0 --fill hello")]);
  await program.until(option === "--hold" ? "holding the mapping" : "|hello");
  program.kill("SIGTERM");
  expect((await program.ended).code).toBe(143);
});

test("whoever reads the output may stop reading", async () => {
  const words = [Deno.execPath(), ...DENO, "map", "1", "ring", "--raw", ...lines("1: share ring --to 0 --pages 512")];
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const { code, stdout, stderr } = await run("bash", ["-o", "pipefail", "-c", `${quoted} | head -c 2 | od -An -tx1`]);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: " 00 00\n",
    stderr: "1: shares 512 pages with domain 0 as ring: 8-519\n",
  });
});
