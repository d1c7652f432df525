/** `inspect`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { elementsOf } from "../pictures/well_formed.ts";
import { gntalloc as run, lines } from "./cli.ts";
import { SCRIPT, VIEW } from "./shared_pages.ts";

let folder: string;
beforeAll(async () => {
  folder = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(folder, { recursive: true }));

/** Runs the program in the folder, where it may write. */
const gntalloc = (...args: string[]) => run(args, { cwd: folder, allowWrite: true });

/** Reports with other values than they should have. */
const COUNTS = { limit: 10, live: 0, listed: 0, mapped: 0, pending: 0, freedMapped: 0, allocators: [] };
const DEVICE = (other: object) => JSON.stringify({ ...COUNTS, ...other });
const ALLOCATION = {
  ...{ domid: 0, writable: false, page: 0, pages: 1, grefs: [8], mappings: 0, freed: 0, freedPages: [] },
  ...{ age: 1000, stack: "" },
};
const GRANT = { gref: 8, domid: 0, writable: false, held: false, mapped: false, voided: false };
const NOTHING = { grants: [], mappings: [], ports: [], processes: [], connections: [] };
const MACHINE = (other: object) =>
  JSON.stringify({ domains: [{ domid: 1, destroyed: false, limit: 10, counted: 0, ...NOTHING, ...other }] });

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
    // One is that of the page, one that of the picture.
    expect(html.split("<title>A &amp; B</title>").length).toBe(3);
    expect((await gntalloc("inspect", "--html", ...SCRIPT)).stdout).toContain("\n<title>Simulated Xen</title>\n");
    elementsOf(/<svg .*<\/svg>/s.exec(html)![0]);
  });

  test("shows the reports of a program, and prints them back", async () => {
    const device = new GrantDevice(new MockXen({ limit: Infinity }).domain(1), { trackAllocations: true });
    const pages = device.open().allocate(3, { pages: 4, writable: true });
    pages.free({ start: 0, count: 1 });
    await Deno.writeTextFile(`${folder}/device.json`, JSON.stringify(device.inspect()));
    const { stdout } = await gntalloc("inspect", "device.json");
    expect(stdout).toContain("3 pages live, no limit");
    expect(stdout).toContain("listed 3, mapped here 0, freed but mapped here 0, pending 0\n");
    expect(stdout).toMatch(/\n {2}4 for domain 3, writable, 1 freed, 0 s at .*inspect_test\.ts/);
    expect((await gntalloc("inspect", "device.json", "--svg")).stdout).toContain("Grant device");

    const [allocation] = device.inspect().allocations!;
    const named = { ...device.inspect(), allocations: [{ ...allocation, stack: "at undefinedName (NaN.ts:1:2)" }] };
    await Deno.writeTextFile(`${folder}/named.json`, JSON.stringify(named));
    expect((await gntalloc("inspect", "named.json")).stdout).toContain("at undefinedName (NaN.ts:1:2)");

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
    [
      '{"live":0,"listed":0,"mapped":0,"pending":0,"freedMapped":0,"allocators":[],"allocations":[{}]}',
      "it is no report",
    ],
    ['{"domains":[{}]}', "it is no report"],
    [
      '{"domains":[{"domid":1,"grants":[],"mappings":[],"ports":[],"processes":[],"connections":[]}]}',
      "it is no report",
    ],
    [DEVICE({ live: -5 }), "it is no report"],
    [DEVICE({ limit: -10 }), "it is no report"],
    [DEVICE({ allocators: [{ live: 0, listed: "\u001b[2J", mappings: 0, next: 0 }] }), "it is no report"],
    [DEVICE({ allocations: [{ ...ALLOCATION, grefs: [] }] }), "it is no report"],
    [DEVICE({ allocations: [{ ...ALLOCATION, stack: null }] }), "it is no report"],
    [MACHINE({ domid: "1\u001b[2J" }), "it is no report"],
    [MACHINE({ grants: [5, 3].map((gref) => ({ ...GRANT, gref })) }), "it is no report"],
    [MACHINE({ grants: [{ ...GRANT, gref: -7 }] }), "it is no report"],
    [MACHINE({ ports: [{ port: "\u001b[2J", voided: false }] }), "it is no report"],
    ['{"trace":"gntalloc","version":1}\nx\n', "gntalloc: trace: "],
  ])("refuses a file that is no report: %j", async (text, message) => {
    await Deno.writeTextFile(`${folder}/report.json`, text);
    const { code, stdout, stderr } = await gntalloc("inspect", "report.json");
    expect({ code: Math.min(code, 1), stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^gntalloc: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  test("passes no control characters of a report on", async () => {
    const stack = "at \u001b[2J\u009b\u202e";
    await Deno.writeTextFile(`${folder}/control.json`, DEVICE({ allocations: [{ ...ALLOCATION, stack }] }));
    expect((await gntalloc("inspect", "control.json")).stdout).toContain("at \\x1b[2J\\x9b\\u202e\n");
    const { stdout } = await gntalloc("inspect", "control.json", "--json");
    // deno-lint-ignore no-control-regex
    expect(stdout).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(JSON.parse(stdout).allocations[0].stack).toBe(stack);
  });

  test("needs something to see, and only one thing", async () => {
    expect((await gntalloc("inspect")).stderr).toContain("there is nothing to see");
    expect((await gntalloc("inspect", "a.json", ...SCRIPT)).stderr).toContain("a file and a script at once");
    expect((await gntalloc("inspect", "nothing.json")).stderr).toContain("Cannot read nothing.json");
  });
});

test("no command writes colours where there is no terminal", async () => {
  for (const args of [["inspect", ...SCRIPT], ["doctor", "--mock"], ["explain", "closed"]]) {
    expect((await gntalloc(...args)).stdout).not.toContain("\u001b");
  }
});
