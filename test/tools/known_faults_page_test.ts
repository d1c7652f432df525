/** What docs/known-faults.md names as tests. */
import { expect, test } from "vitest";
import { CASES } from "../known_faults/cases.ts";

const page = new URL("../../docs/known-faults.md", import.meta.url);
const text = Deno.readTextFileSync(page);
const paths = new Map(Array.from(text.matchAll(/^\[(.+)\]: (\.\.\/test\/.+)$/gm), ([, label, path]) => [label, path]));
const named = Array.from(
  text.matchAll(/\[([^\]]+)\]: ((?:"[^"]+"(?:; )?)+)/g),
  ([, label, names]) => ({ label: label!, names: Array.from(names!.matchAll(/"([^"]+)"/g), ([, name]) => name!) }),
);

test("docs/known-faults.md names at least one test for each fault", () => {
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (fault|-+) +\|/.test(line));
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter((row) => !/K:[SU]\d+|\[[^\]]+\]: "/.test(row.split(" | ")[3]!))).toEqual([]);
});

test.each(named)("the tests of $label that docs/known-faults.md names exist", ({ label, names }) => {
  const source = Deno.readTextFileSync(new URL(paths.get(label)!, page));
  expect(names.filter((name) => !source.includes(name))).toEqual([]);
});

test("the checks that docs/known-faults.md names exist", () => {
  const checks = Array.from(text.matchAll(/K:([SU]\d+)/g), ([, name]) => name!);
  const known = CASES.map(({ name }) => name);
  expect(checks.filter((name) => !known.includes(name))).toEqual([]);
});
