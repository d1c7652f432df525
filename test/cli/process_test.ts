/** The process of a command: signals, and pipes that close. */
import { describe, expect, test } from "vitest";
import { run } from "../../scripts/exec.ts";
import { startProgram } from "../support/running.ts";
import { DENO, lines, MAIN, start } from "./cli.ts";

test("a second signal ends the program at once", async () => {
  const path = new URL("programs/slow_release.ts", import.meta.url).pathname;
  const program = startProgram(Deno.execPath(), ["run", "--no-check", "--allow-env", path]);
  await program.until("ready");
  program.kill("SIGTERM");
  await program.until("releasing");
  program.kill("SIGINT");
  expect((await program.ended).code).toBe(130);
});

test("a second SIGHUP does not: a closed terminal may tell it twice", async () => {
  const path = new URL("programs/slow_release.ts", import.meta.url).pathname;
  const program = startProgram(Deno.execPath(), ["run", "--no-check", "--allow-env", path]);
  await program.until("ready");
  program.kill("SIGHUP");
  await program.until("releasing");
  program.kill("SIGHUP");
  await new Promise((resolve) => setTimeout(resolve, 300));
  program.kill("SIGTERM");
  expect((await program.ended).code).toBe(143);
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

/** Runs the program in bash, with its streams where the redirection puts them. */
async function redirected(args: readonly string[], redirection: string) {
  const command = [Deno.execPath(), ...DENO, ...args].map((word) => `'${word}'`).join(" ");
  const { stdout, stderr } = await run("bash", [
    "-c",
    `{ ${redirection}; timeout 60 ${command}; echo "code $?" >&3; } 3>&1`,
  ]);
  return { ended: /code \d+\n$/.exec(stdout)?.[0].trim(), stderr };
}

/** A pipe that nobody reads. */
const closed = (stream: number) => `exec ${stream}> >(true); wait $!`;

describe("whoever reads the standard error may stop reading, and all is released at the end", () => {
  test.each([["a closed pipe", closed(2)], ["a full disk", "exec 2>/dev/full"]])("%s", async (_, redirection) => {
    const peer = lines("start", "0: map view 1 ring", "0: unmap view");
    expect((await redirected(["share", "--to", "0", "--name", "ring", ...peer], redirection)).ended).toBe("code 0");
    expect((await redirected(["share", "--to", "0", "--for", "1ms", "--mock"], redirection)).ended).toBe("code 0");
    expect((await redirected(["share", "--to", "0", "--pages", "0", "--mock"], redirection)).ended).toBe("code 2");
  });
});

describe("a command without an end ends when nobody reads what it shows", () => {
  const changes = ["1: share ring --to 0", "start", "1: write ring 0 x", "1: sleep 1h"];
  test.each([
    [["store", "watch", "/local/domain/1/data", "--mock"]],
    [["map", "1", "ring", "--watch", ...lines(...changes)]],
    [["run", "--mock", ...lines("1: share ring --to 0", "1: sleep 1h")]],
    [["top", ...lines("1: share ring --to 0", "1: sleep 1h")]],
  ])("%j", async (args) => {
    expect((await redirected(args, closed(1))).ended).toBe("code 0");
  });

  test("but one that holds pages holds them", async () => {
    const mapped = await redirected(["share", "--to", "0", ...lines("start", "0: map view 1 8")], closed(1));
    expect(mapped.ended).toBe("code 0");
    expect(mapped.stderr).toContain("0: maps 1 page of domain 1 as view\n");
    const script = lines("1: share ring --to 0 --writable", "start", "1: expect ring 0 x 10s");
    const held = await redirected(["map", "1", "ring", "--write", "0=x", "--hold", ...script], closed(1));
    expect(held.ended).toBe("code 0");
    expect(held.stderr).toContain("holding the mapping\n");
  });
});

test("a full disk is told", async () => {
  const { ended, stderr } = await redirected(["explain", "closed"], "exec 1>/dev/full");
  expect(ended).toBe("code 1");
  expect(stderr).toMatch(/^gntalloc: Cannot write the output: [^\n]*No space left[^\n]*\n$/i);
});

test("a trace that cannot be written is told", async () => {
  // Deno lets nobody else write to this device.
  const all = [...DENO.slice(0, 2), "--allow-all", MAIN, "trace", "record", "--mock", "-o", "/dev/full"];
  const { code, stderr } = await run(Deno.execPath(), [...all, ...lines("1: share ring --to 0")]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/\ngntalloc: Cannot write \/dev\/full: [^\n]*No space left[^\n]*\n$/i);
});
