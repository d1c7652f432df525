import { expect, test } from "vitest";
import { Report } from "../npm/report.ts";

function reporting(mustRun: boolean, wanted = (_: string) => true) {
  const lines: string[] = [];
  return { report: new Report(wanted, mustRun, (line) => lines.push(line)), lines };
}

test("check() counts tests, and keeps where they passed", async () => {
  const { report, lines } = reporting(true);
  await report.check("Bun 1.4", "mock", () => Promise.resolve({ passed: 3, failed: [] }), "mock");
  await report.check("package", "publint", () => Promise.resolve("no errors"));
  expect(report.ran).toEqual([{ where: "Bun 1.4", machine: "mock" }]);
  expect(report.summary).toBe("4 passed, 0 failed, 0 skipped");
  expect(report.isGood).toBe(true);
  expect(lines.map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "Bun 1.4, mock: 3 passed, 0 failed",
    "package, publint: ok, no errors",
  ]);
});

test.each([
  ["has a failed test", () => Promise.resolve({ passed: 3, failed: ["map: no"] })],
  ["throws", () => Promise.reject(new Error("no"))],
  ["runs no test", () => Promise.resolve({ passed: 0, failed: [] })],
])("check() fails and claims nothing when it %s", async (_, body) => {
  const { report } = reporting(false);
  await report.check("package", "publint", () => Promise.resolve("no errors"));
  await report.check("Bun 1.4", "mock", body, "mock");
  expect(report.ran).toEqual([]);
  expect(report.failed).toBe(1);
  expect(report.isGood).toBe(false);
});

test("skip() claims nothing, and counts as a failure in CI", async () => {
  for (const mustRun of [false, true]) {
    const { report, lines } = reporting(mustRun);
    await report.check("package", "publint", () => Promise.resolve("no errors"));
    report.skip("Chromium", "mock", "apt-get must be installed");
    expect(report.ran).toEqual([]);
    expect([report.failed, report.skipped]).toEqual(mustRun ? [1, 0] : [0, 1]);
    expect(report.isGood).toBe(!mustRun);
    expect(lines.at(-1)).toMatch(/^Chromium, mock: .*apt-get must be installed$/);
  }
});

test("unwanted checks do not run, and a run without checks is not good", async () => {
  const { report, lines } = reporting(true, (name) => name.includes("Bun"));
  await report.check("package", "publint", () => Promise.reject(new Error("ran")));
  report.skip("Chromium", "mock", "not here");
  expect(lines).toEqual([]);
  expect(report.isGood).toBe(false);
});
