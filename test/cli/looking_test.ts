/** `inspect`, `trace` and `top`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { parseTrace } from "../../backends/record.ts";
import { recordedDomids, TraceMachine } from "../../cli/src/trace/trace_machine.ts";
import { GrantDevice } from "../../mod.ts";
import { elementsOf } from "../pictures/well_formed.ts";
import { gntalloc as run, lines, start } from "./cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(folder, { recursive: true }));

/** Runs the program in the folder, where it may write. */
const gntalloc = (...args: string[]) => run(args, { cwd: folder, allowWrite: true });

const SCRIPT = lines(
  "1: allocate ring --to 0 --pages 4 --writable",
  "0: map view 1 8-9 --writable",
  "1: bind bell 0",
  "0: join bell 1 bell",
);
const VIEW = `domain 1  4 of 1024 pages, 1 × XenStore
  grants 8-9 to domain 0, writable, mapped by domain 0
  grants 10-11 to domain 0, writable
  port 1 to port 1 of domain 0
domain 0  0 of 1024 pages
  maps 8-9 of domain 1, writable
  port 1 to port 1 of domain 1
`;

describe("inspect", () => {
  test("shows what a script leaves", async () => {
    expect(await gntalloc("inspect", ...SCRIPT)).toMatchObject({ code: 0, stdout: VIEW });
  });

  test("says what was freed and is held, and what was destroyed", async () => {
    const script = lines(
      "1: share a --to 0",
      "0: map b 1 a",
      "1: free a",
      "2: share c --to 0",
      "0: map d 2 c",
      "2: destroy",
    );
    const { stdout } = await gntalloc("inspect", ...script);
    expect(stdout).toContain(
      "domain 1  0 of 1024 pages, 1 held by peers, 1 × XenStore\n  grants 8 to domain 0, freed but held by domain 0\n",
    );
    expect(stdout).toContain("domain 2 destroyed  ");
  });

  test("draws a picture, as SVG and as a page", async () => {
    const { stdout: svg } = await gntalloc(
      "inspect",
      "--svg",
      "--theme",
      "dark",
      "--width",
      "400",
      "--title",
      "A & B",
      ...SCRIPT,
    );
    expect(elementsOf(svg.trim())[0]).toBe("svg");
    expect(svg).toContain('class="gntalloc-picture dark"');
    expect(svg).toContain('width="400"');
    expect(svg).toContain("<title>A &amp; B</title>");
    const { stdout: html } = await gntalloc("inspect", "--html", "--title", "A & B", ...SCRIPT);
    expect(html).toMatch(/^<!doctype html>\n/);
    expect(html).toContain("<title>A &amp; B</title>");
    elementsOf(/<svg .*<\/svg>/s.exec(html)![0]);
  });

  test("shows the reports of a program, and prints them back", async () => {
    const device = new GrantDevice(new MockXen({ limit: Infinity }).domain(1), { trackAllocations: true });
    const pages = device.open().allocate(3, { pages: 4, writable: true });
    pages.free({ start: 0, count: 1 });
    await Deno.writeTextFile(`${folder}/device.json`, JSON.stringify(device.inspect()));
    const { stdout } = await gntalloc("inspect", "device.json");
    expect(stdout).toContain("3 of unlimited pages live");
    expect(stdout).toContain("listed 3, mapped here 0, freed but mapped here 0, pending 0\n");
    expect(stdout).toMatch(/\n {2}4 for domain 3, writable, 1 freed, 0 s at .*looking_test\.ts/);
    expect((await gntalloc("inspect", "device.json", "--svg")).stdout).toContain("Grant device");

    const xen = new MockXen();
    new GrantDevice(xen.domain(7)).open().allocate(0);
    await Deno.writeTextFile(`${folder}/xen.json`, JSON.stringify(xen.inspect()));
    expect((await gntalloc("inspect", "xen.json")).stdout).toBe("domain 7  1 of 1024 pages\n  grants 8 to domain 0\n");
    expect(JSON.parse((await gntalloc("inspect", "xen.json", "--json")).stdout)).toEqual(
      JSON.parse(JSON.stringify(xen.inspect())),
    );
  });

  test.each([
    ["{", "Cannot read report.json"],
    ["3", "it is no report"],
    ["{}", "it is no report"],
    ['{"domains":[{}]}', "it is no report"],
    [
      '{"domains":[{"domid":1,"grants":[],"mappings":[],"ports":[],"processes":[],"connections":[]}]}',
      "it is no report",
    ],
    ['{"trace":"gntalloc","version":1}\nx\n', "gntalloc: trace: "],
  ])("refuses a file that is no report: %s", async (text, message) => {
    await Deno.writeTextFile(`${folder}/report.json`, text);
    const { code, stdout, stderr } = await gntalloc("inspect", "report.json");
    expect({ code: Math.min(code, 1), stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^gntalloc: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  test("needs something to see, and only one thing", async () => {
    expect((await gntalloc("inspect")).stderr).toContain("there is nothing to see");
    expect((await gntalloc("inspect", "a.json", ...SCRIPT)).stderr).toContain("a file and a script at once");
    expect((await gntalloc("inspect", "nothing.json")).stderr).toContain("Cannot read nothing.json");
  });
});

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
      "domain 1  0 of 1024 pages\ndomain 0  0 of unlimited pages\n",
    );
  });

  test("a trace tells what was held when it was cut", async () => {
    await gntalloc("trace", "record", "--mock", "-o", "b.jsonl", ...SCRIPT);
    const text = await Deno.readTextFile(`${folder}/b.jsonl`);
    const joined = text.split("\n").findIndex((line) => line.includes('"bindInterdomain"'));
    await Deno.writeTextFile(`${folder}/cut.jsonl`, `${text.split("\n").slice(0, joined + 1).join("\n")}\n`);
    const { stdout } = await gntalloc("inspect", "cut.jsonl");
    expect(stdout).toContain(
      "  grants 8-9 to domain 0, writable, mapped by domain 0\n  grants 10-11 to domain 0, writable\n",
    );
    expect(stdout).toContain("  maps 8-9 of domain 1, writable\n  port 1 to port 1 of domain 1\n");
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
    expect(await program.code).toBe(130);
  });

  test("needs something to see", async () => {
    expect((await gntalloc("top", "--mock")).stderr).toContain("there is nothing to see on an empty machine");
  });
});

test("no command writes colours where there is no terminal", async () => {
  for (const args of [["inspect", ...SCRIPT], ["doctor", "--mock"], ["explain", "closed"]]) {
    expect((await gntalloc(...args)).stdout).not.toContain("\u001b");
  }
});
