/** `top`, without a terminal. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { gntalloc as run, start } from "./cli.ts";
import { SCRIPT, VIEW } from "./shared_pages.ts";

let folder: string;
beforeAll(async () => {
  folder = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(folder, { recursive: true }));

/** Runs the program in the folder, where it may write. */
const gntalloc = (...args: string[]) => run(args, { cwd: folder, allowWrite: true });

describe("top", () => {
  test("shows each step of a script", async () => {
    const { code, stdout } = await gntalloc("top", "--every", "1ms", ...SCRIPT);
    expect(stdout).toContain("0: maps 2 pages of domain 1 as view\ndomain 1  4 of 1024 pages");
    expect(stdout.endsWith(VIEW)).toBe(true);
    expect(stdout.split("\n\n").length).toBe(4);
    expect(code).toBe(0);
  });

  test("--once shows the last step", async () => {
    expect((await gntalloc("top", "--once", ...SCRIPT)).stdout).toBe(`at the end of the script\n${VIEW}`);
  });

  test("shows each call of a trace", async () => {
    await gntalloc("trace", "record", "--mock", "-o", "top.jsonl", ...SCRIPT);
    const { stdout } = await gntalloc("top", "top.jsonl", "--every", "0ms");
    expect(stdout).toMatch(/top\.jsonl line \d+: maps\.map\ndomain 1 {2}4 of 1024 pages/);
    expect((await gntalloc("top", "top.jsonl", "--once")).stdout).toMatch(/^top\.jsonl line \d+: /);
  });

  test("--once shows a trace that ends with a mark, or has no calls", async () => {
    const head = '{"trace":"gntalloc","version":1}\n';
    await Deno.writeTextFile(`${folder}/empty.jsonl`, head);
    const nothing = "domain 1  0 pages, no limit\ndomain 0  0 pages, no limit\n";
    expect((await gntalloc("top", "empty.jsonl", "--once")).stdout).toBe(`empty.jsonl: no calls\n${nothing}`);
    await gntalloc("trace", "record", "--mock", "-o", "marked.jsonl", ...SCRIPT);
    const recorded = await Deno.readTextFile(`${folder}/marked.jsonl`);
    const mark = recorded.split("\n").find((line) => line.includes('"mark"'));
    await Deno.writeTextFile(`${folder}/marked.jsonl`, `${recorded}${mark}\n`);
    expect((await gntalloc("top", "marked.jsonl", "--once")).stdout).toMatch(
      /^marked\.jsonl line \d+: \w+\.close\ndomain/,
    );
  });

  test("keeps the last report while a program writes the next one", async () => {
    const device = new GrantDevice(new MockXen().domain(1), { limit: 10 });
    const path = `${folder}/rewritten.json`;
    await Deno.writeTextFile(path, JSON.stringify(device.inspect()));
    const program = start(["top", path, "--every", "10ms"]);
    await program.until("0 of 10 pages live");
    await Deno.writeTextFile(path, "");
    await program.until(`${path} (cannot be read now)\n0 of 10 pages live`);
    await Deno.remove(path);
    device.open().allocate(0, { pages: 9 });
    await Deno.writeTextFile(path, JSON.stringify(device.inspect()));
    await program.until("9 of 10 pages live");
    program.kill("SIGINT");
    expect((await program.ended).code).toBe(130);
  });

  test("follows a report that a program writes again, until a signal", async () => {
    const device = new GrantDevice(new MockXen().domain(1), { limit: 10 });
    const write = () => Deno.writeTextFile(`${folder}/live.json`, JSON.stringify(device.inspect()));
    await write();
    const program = start(["top", `${folder}/live.json`, "--every", "10ms"]);
    await program.until("0 of 10 pages live");
    device.open().allocate(0, { pages: 9 });
    await write();
    await program.until("9 of 10 pages live");
    program.kill("SIGINT");
    expect((await program.ended).code).toBe(130);
  });

  test("needs something to see", async () => {
    expect((await gntalloc("top", "--mock")).stderr).toContain("there is nothing to see on an empty machine");
  });
});
