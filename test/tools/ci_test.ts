import { expect, test } from "vitest";
import { countsOfPart, summary, sumOf } from "../../scripts/ci/counts.ts";
import { obstaclesTo } from "../../scripts/ci/obstacles.ts";
import { clear, countJUnit, countRun, countVitest, read } from "../../scripts/ci/results.ts";
import { merged, type RanOnXen, without } from "../../scripts/ci/ran.ts";
import { tableOf, xenTableOf } from "../../scripts/ci/table.ts";
import { formatted, withMarked, writeMarked } from "../../scripts/marked.ts";

const vitest = JSON.stringify({
  numTotalTests: 270,
  numPassedTests: 267,
  numFailedTests: 1,
  numPendingTests: 1,
  numTodoTests: 1,
});
const docs = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.1">
  <testsuite name="mod.ts" tests="4" disabled="1" errors="0" failures="1">
    <testcase name="a" time="0.1" line="1" col="2"></testcase>
    <testcase name="b &lt;c&gt;" time="0.1"/>
    <testcase name="d"><failure message="Uncaught error">&lt;skipped/&gt;</failure></testcase>
    <testcase name="e"><skipped/></testcase>
  </testsuite>
</testsuites>`;
const run = { passed: 219, failed: 4, skipped: 5 };

test("the files of the runners count tests as passed, failed or skipped", () => {
  expect(countVitest(vitest)).toEqual({ passed: 267, failed: 1, skipped: 2 });
  expect(countJUnit(docs)).toEqual({ passed: 2, failed: 1, skipped: 1 });
  expect(countRun(JSON.stringify({ task: "test:npm", ran: [], counts: run }))).toEqual(run);
});

test("sumOf() adds counts up, and summary() prints them", () => {
  const sum = sumOf([countVitest(vitest), countJUnit(docs), run]);
  expect(sum).toEqual({ passed: 267 + 2 + 219, failed: 6, skipped: 8 });
  expect(summary(sum)).toBe("488 passed, 6 failed, 8 skipped");
  expect(summary(sumOf([]))).toBe("0 passed, 0 failed, 0 skipped");
});

test("read() counts none where a runner wrote nothing, as after clear()", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = (name: string) => new URL(`file://${folder}/${name}`);
    const results = [{ file: file("vitest.json"), count: countVitest }, { file: file("docs.xml"), count: countJUnit }];
    await Deno.writeTextFile(results[0]!.file, vitest);
    expect(await read(results)).toEqual([countVitest(vitest), { passed: 0, failed: 0, skipped: 0 }]);
    await clear(results);
    expect((await read(results)).map(({ passed }) => passed)).toEqual([0, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test("a part of CI in which a runner ran no test has failed", () => {
  const [none, some] = [{ passed: 0, failed: 0, skipped: 0 }, { passed: 3, failed: 0, skipped: 0 }];
  expect(countsOfPart(true, [some])).toEqual(some);
  expect(countsOfPart(true, [none])).toMatchObject({ failed: 1 });
  expect(countsOfPart(true, [some, none])).toMatchObject({ passed: 3, failed: 1 });
  expect(countsOfPart(true, [])).toEqual(none);
  expect(countsOfPart(false, [])).toMatchObject({ failed: 1 });
  expect(countsOfPart(false, [some])).toMatchObject({ failed: 1 });
  expect(countsOfPart(false, [{ passed: 1, failed: 2, skipped: 0 }])).toMatchObject({ failed: 2 });
});

const npm = {
  task: "test:npm",
  system: "a",
  ran: [{ where: "Node 22", machine: "mock" }, { where: "Bun", machine: "mock" }],
} as const;
const xen = { task: "test:xen", system: "b", ran: [{ where: "Node 22", machine: "device" }] } as const;

test("tableOf() has a row per place, and claims nothing that did not run", () => {
  expect(tableOf([npm, xen]).split("\n").slice(2)).toEqual([
    "| Node 22 | yes | yes | – | `deno task test:npm`, `deno task test:xen` |",
    "| Bun | yes | – | – | `deno task test:npm` |",
    "",
    "`test:npm` ran on a, `test:xen` ran on b.",
  ]);
  expect(tableOf([{ ...npm, ran: [] }, xen])).not.toContain("Bun");
});

const pvh = {
  machine: "bookworm-pvh",
  system: "Xen 4.17, Linux 6.1",
  processor: "x86-64",
  domus: "PVH",
  runs: ["domu", "pvh"],
} satisfies RanOnXen;

test("xenTableOf() has a row per machine, with the runs that passed", () => {
  expect(xenTableOf([pvh]).split("\n").slice(2)).toEqual([
    "| `bookworm-pvh` | Xen 4.17, Linux 6.1 | x86-64 | PVH | `domu`, `pvh` |",
  ]);
});

test("merged() adds runs to their machine, and takes away those that failed", () => {
  const other = { ...pvh, machine: "bookworm-arm64", runs: ["loopback"] };
  expect(merged([], [{ ...pvh, runs: ["pvh"] }, { ...pvh, runs: ["domu"] }, other], [])).toEqual([other, pvh]);
  expect(merged([pvh], [], [{ ...pvh, runs: ["domu"] }])).toEqual([{ ...pvh, runs: ["pvh"] }]);
  expect(merged([other], [], [other])).toEqual([]);
});

test("merged() keeps nothing of another Xen or kernel", () => {
  const next = { ...pvh, system: "Xen 4.17, Linux 6.12", runs: ["domu"] };
  expect(merged([pvh], [next], [])).toEqual([next]);
  expect(merged([pvh], [], [next])).toEqual([]);
});

test("without() leaves what others have not", () => {
  expect(without([pvh], [{ ...pvh, runs: ["domu"] }])).toEqual([{ ...pvh, runs: ["pvh"] }]);
  expect(without([pvh], [pvh])).toEqual([]);
  expect(without([pvh], [{ ...pvh, machine: "trixie-pvh" }])).toEqual([pvh]);
});

test("writeMarked() fills the marks of a document, and refuses marks that have no text", async () => {
  const path = await Deno.makeTempFile({ suffix: ".md" });
  const url = new URL(`file://${path}`);
  const marks = (name: string) => `<!-- ${name} -->\n\nold\n\n<!-- /${name} -->\n`;
  try {
    await Deno.writeTextFile(path, `${marks("a:one")}\n${marks("other:two")}`);
    await writeMarked(url, { "a:one": "new", "a:three": "nowhere" });
    expect(await Deno.readTextFile(path)).toBe(`${marks("a:one").replace("old", "new")}\n${marks("other:two")}`);
    await Deno.writeTextFile(path, `${marks("a:one")}\n${marks("a:oen")}`);
    await expect(writeMarked(url, { "a:one": "new" })).rejects.toThrow("there is no text for its mark <!-- a:oen -->");
    await expect(writeMarked(url, { "b:one": "new" })).rejects.toThrow("it must have marks of b:one");
  } finally {
    await Deno.remove(path);
  }
});

test("withMarked() replaces the text between the marks, and changes nothing the second time", async () => {
  const document = "# A\n\n<!-- x -->\n\nold\n\n<!-- /x -->\n\nrest\n";
  const once = await formatted(withMarked(document, "x", tableOf([npm, xen])));
  expect(once).toMatch(/^# A\n\n<!-- x -->\n\n\| where [^]*\n\n<!-- \/x -->\n\nrest\n$/);
  expect(await formatted(withMarked(once, "x", tableOf([npm, xen])))).toBe(once);
  expect(await formatted(withMarked(once, "x", tableOf([xen])))).not.toBe(once);
  expect(() => withMarked(document, "y", "")).toThrow("must have the marks <!-- y -->");
});

const ready = {
  version: "1.2.0",
  changelog: "# Changelog\n\n## 1.2.0 — 2026-12-01\n\n### Added\n\n## 1.1.0 — 2026-11-01\n",
  changes: [],
  tags: ["v1.1.0"],
  repository: "https://example.org/gntalloc",
};

test("obstaclesTo() finds nothing against a version that is ready", () => {
  expect(obstaclesTo(ready)).toEqual([]);
});

test.each([
  ["the changelog has another version", { version: "1.3.0" }, "the newest one in CHANGELOG.md is 1.2.0"],
  ["the changelog has no day", { changelog: "## 1.2.0 — unreleased\n" }, "it says unreleased"],
  ["the changelog is empty", { changelog: "" }, "is none"],
  ["the working tree has changes", { changes: [" M mod.ts"] }, "1 files"],
  ["the version is released", { tags: ["v1.2.0"] }, "the tag v1.2.0"],
  ["the address resolves nowhere", { repository: "https://a.invalid/b" }, "scripts/npm/manifest.ts"],
])("obstaclesTo() reports that %s", (_, change, words) => {
  const obstacles = obstaclesTo({ ...ready, ...change });
  expect(obstacles).toHaveLength(1);
  expect(obstacles[0]).toContain(words);
});
