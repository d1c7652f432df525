import { expect, test } from "vitest";
import { countsIn, countsOfPart, summary, sumOf } from "../../scripts/ci/counts.ts";
import { obstaclesTo } from "../../scripts/ci/obstacles.ts";
import { formatted, withMarked, writeMarked } from "../../scripts/marked.ts";
import { tableOf } from "../../scripts/ci/table.ts";

test("countsIn() sums the summaries of Vitest, of deno test and of this project", () => {
  const printed = [
    " Test Files  3 passed (3)",
    "      Tests  1 failed | 267 passed | 2 skipped (270)",
    "Node 22, mock: 130 passed, 0 failed (1.0 s)",
    "ok | 28 passed | 0 failed | 1 ignored (6s)",
    "219 passed, 4 failed, 5 skipped",
  ].join("\n");
  expect(countsIn(printed)).toEqual({ passed: 267 + 28 + 219, failed: 5, skipped: 8 });
  expect(countsIn("error: type checking failed")).toEqual({ passed: 0, failed: 0, skipped: 0 });
  expect(summary(sumOf([countsIn(printed), countsIn(printed)]))).toBe("1028 passed, 10 failed, 16 skipped");
});

test("a part of CI in which no test ran has failed", () => {
  const [none, some] = ["", "3 passed, 0 failed, 0 skipped"].map(countsIn);
  expect(countsOfPart(true, some!, true)).toEqual(some);
  expect(countsOfPart(true, none!, true)).toMatchObject({ failed: 1 });
  expect(countsOfPart(true, none!, false)).toEqual(none);
  expect(countsOfPart(false, some!, true)).toMatchObject({ failed: 1 });
  expect(countsOfPart(false, countsIn("1 passed, 2 failed, 0 skipped"), true)).toMatchObject({ failed: 2 });
});

const npm = {
  task: "test:npm",
  system: "a",
  ran: [{ where: "Node 22", machine: "mock" }, { where: "Bun", machine: "mock" }],
} as const;
const xen = { task: "test:xen", system: "b", ran: [{ where: "Node 22", machine: "device" }] } as const;

test("tableOf() has a row for each place, and says yes to nothing that did not run", () => {
  expect(tableOf([npm, xen]).split("\n").slice(2)).toEqual([
    "| Node 22 | yes | yes | – | `deno task test:npm`, `deno task test:xen` |",
    "| Bun | yes | – | – | `deno task test:npm` |",
    "",
    "`test:npm` ran on a, `test:xen` ran on b.",
  ]);
  expect(tableOf([{ ...npm, ran: [] }, xen])).not.toContain("Bun");
});

test("writeMarked() fills the marks that a document has, and refuses those that nobody fills", async () => {
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

test("withMarked() replaces what is between the marks, again and again the same", async () => {
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

test("obstaclesTo() finds none in a version that is ready", () => {
  expect(obstaclesTo(ready)).toEqual([]);
});

test.each([
  ["the version is not the changelog's", { version: "1.3.0" }, "the newest one of CHANGELOG.md is 1.2.0"],
  ["the changelog has no day", { changelog: "## 1.2.0 — unreleased\n" }, "it says unreleased"],
  ["the changelog is empty", { changelog: "" }, "is none"],
  ["the tree has changes", { changes: [" M mod.ts"] }, "1 files"],
  ["the version is released", { tags: ["v1.2.0"] }, "the tag v1.2.0"],
  ["the address leads nowhere", { repository: "https://a.invalid/b" }, "scripts/npm/manifest.ts"],
])("obstaclesTo() says so when %s", (_, change, words) => {
  const obstacles = obstaclesTo({ ...ready, ...change });
  expect(obstacles).toHaveLength(1);
  expect(obstacles[0]).toContain(words);
});
