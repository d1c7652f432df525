/** `trace`, and what a trace tells. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseTrace } from "../../backends/record.ts";
import { recordedDomids, TraceMachine } from "../../cli/src/trace/trace_machine.ts";
import { gntalloc as run, lines } from "./cli.ts";
import { SCRIPT } from "./shared_pages.ts";

let folder: string;
beforeAll(async () => {
  folder = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(folder, { recursive: true }));

/** Runs the program in the folder, where it may write. */
const gntalloc = (...args: string[]) => run(args, { cwd: folder, allowWrite: true });

describe("trace", () => {
  test("a recorded script is replayed without a difference, and shown as the script is", async () => {
    const { code, stdout, stderr } = await gntalloc("trace", "record", "--mock", "-o", "a.jsonl", ...SCRIPT);
    expect(stdout).toContain("0: maps 2 pages of domain 1 as view\n");
    expect(stderr).toMatch(/^a\.jsonl: \d+ lines\n$/);
    expect(code).toBe(0);
    expect((await gntalloc("trace", "replay", "a.jsonl")).stdout).toMatch(
      /^\d+ calls were answered as in the recording\n$/,
    );
    expect((await gntalloc("inspect", "a.jsonl")).stdout).toBe(
      "domain 1  0 of 1024 pages\ndomain 0  0 pages, no limit\n",
    );
  });

  test("a trace tells what was held when it was cut", async () => {
    await gntalloc("trace", "record", "--mock", "-o", "b.jsonl", ...SCRIPT);
    const text = await Deno.readTextFile(`${folder}/b.jsonl`);
    const joined = text.split("\n").findIndex((line) => line.includes('"bindInterdomain"'));
    const whole = await gntalloc("inspect", "b.jsonl", "--at", String(joined + 1));
    await Deno.writeTextFile(`${folder}/cut.jsonl`, `${text.split("\n").slice(0, joined + 1).join("\n")}\n`);
    const { stdout } = await gntalloc("inspect", "cut.jsonl");
    expect(whole.stdout).toBe(stdout);
    expect((await gntalloc("inspect", "--at", "3", "--mock")).stderr).toContain("Cannot use --at without a trace");
    expect(stdout).toContain(
      "  grants 8-9 to domain 0, writable, mapped by domain 0\n  grants 10-11 to domain 0, writable\n",
    );
    expect(stdout).toContain("  maps 8-9 of domain 1, writable\n  port 1 ⇄ domain 1, port 1\n");
    expect((await gntalloc("trace", "replay", "cut.jsonl")).stdout).toContain("not given back at the end: ");
  });

  test("`replay` shows the first difference, and ends with 1", async () => {
    await Deno.writeTextFile(
      `${folder}/refused.jsonl`,
      `{"trace":"gntalloc","version":1}
{"part":"grants","call":"open","file":1}
{"part":"grants","call":"grant","file":1,"page":0,"count":1,"domid":3,"writable":false,"grefs":[71]}
{"part":"maps","call":"open","domain":1,"file":2}
{"part":"maps","call":"map","file":2,"domid":5,"grefs":[71],"writable":true,"mapping":1,"bytes":4096}
`,
    );
    const { code, stdout } = await gntalloc("trace", "replay", "refused.jsonl", "--domain", "5", "--domain", "3");
    expect(stdout).toContain("The replay differs from the recording in line 5");
    expect(code).toBe(1);
  });

  test("no control characters of a trace are passed on", async () => {
    const trace = (value: string) =>
      `{"trace":"gntalloc","version":1}\n{"part":"store","call":"open","file":1}\n` +
      `{"part":"store","call":"send","file":1,"message":{"type":"READ","request":1,"strings":["a",""]}}\n` +
      `{"part":"store","call":"receive","file":1,"messages":[{"type":"READ","request":1,"strings":["${value}"]}]}\n`;
    await Deno.writeTextFile(`${folder}/control.jsonl`, trace("\u009b2J\u202e"));
    await Deno.writeTextFile(`${folder}/plain.jsonl`, trace("00"));
    for (const args of [["replay", "control.jsonl"], ["diff", "plain.jsonl", "control.jsonl"]]) {
      const { code, stdout, stderr } = await gntalloc("trace", ...args);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/\\x9b2J|\\u009b2J/);
      expect(stdout + stderr).not.toMatch(/[\u009b\u202e]/);
    }
  });

  test("`diff` finds the first difference, and ignores which references and ports the system chose", async () => {
    await gntalloc("trace", "record", "--mock", "-o", "one.jsonl", ...lines("1: share a --to 0", "1: free a"));
    await gntalloc("trace", "record", "--mock", "-o", "two.jsonl", ...lines("1: share a --to 0", "1: free a"));
    const text = await Deno.readTextFile(`${folder}/two.jsonl`);
    await Deno.writeTextFile(
      `${folder}/two.jsonl`,
      text.replaceAll('"grefs":[8]', '"grefs":[99]').replaceAll('"gref":8', '"gref":99'),
    );
    expect(text).toContain('"grefs":[8]');
    const same = await gntalloc("trace", "diff", "one.jsonl", "two.jsonl");
    expect(same.code).toBe(0);
    await gntalloc(
      "trace",
      "record",
      "--mock",
      "-o",
      "three.jsonl",
      ...lines("1: share a --to 0 --writable", "1: free a"),
    );
    const other = await gntalloc("trace", "diff", "one.jsonl", "three.jsonl");
    expect(other.stdout).toMatch(
      /^one\.jsonl line \d+: .*"writable":false.*\nthree\.jsonl line \d+: .*"writable":true.*\n$/,
    );
    expect(other.code).toBe(1);
    await gntalloc(
      "trace",
      "record",
      "--mock",
      "-o",
      "four.jsonl",
      ...lines("1: share a --to 0", "1: free a", "1: share b --to 0"),
    );
    expect((await gntalloc("trace", "diff", "one.jsonl", "four.jsonl")).code).toBe(1);
  });

  test("refuses a file that is no trace, and one that cannot be written", async () => {
    await Deno.writeTextFile(`${folder}/no.jsonl`, "hello\n");
    expect((await gntalloc("trace", "replay", "no.jsonl")).stderr).toMatch(/^gntalloc: trace: /);
    const { code, stderr } = await gntalloc("trace", "record", "--mock", "-o", "/nowhere/a.jsonl", ...SCRIPT);
    expect(code).toBe(2);
    expect(stderr).toContain("Cannot write /nowhere/a.jsonl");
  });
});

test("a trace with a page that the peer holds shows it as held", () => {
  const { calls } = parseTrace(`{"trace":"gntalloc","version":1}
{"call":"mark","name":"domain","value":5}
{"part":"grants","call":"limit","limit":1024}
{"part":"grants","call":"open","file":1}
{"part":"grants","call":"grant","file":1,"page":0,"count":2,"domid":0,"writable":false,"grefs":[820,819]}
{"part":"grants","call":"endAccess","file":1,"page":0,"count":2,"grefs":[820,819],"held":[1]}
`);
  const machine = new TraceMachine(recordedDomids(calls)!);
  for (const call of calls) machine.follow(call);
  expect(machine.inspect().domains).toMatchObject([{
    domid: 5,
    limit: 1024,
    counted: 0,
    grants: [{ gref: 819, held: true }],
  }]);
});
