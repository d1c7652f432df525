/** Reads how many tests ran from the files that test runners write. */

import { DOMParser } from "linkedom";
import type { Counts } from "./counts.ts";
import { folder, runFile } from "./ran.ts";

/** A file with the results of one test runner. */
export interface Results {
  readonly file: URL;
  /** Counts the tests in the text of the file. */
  readonly count: (text: string) => Counts;
}

/** Counts the tests in a report of Vitest's `json` reporter. */
export function countVitest(json: string): Counts {
  const report = JSON.parse(json);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Counts the tests in a JUnit report of `deno test --junit-path`. */
export function countJUnit(xml: string): Counts {
  const cases = [...new DOMParser().parseFromString(xml, "text/xml").querySelectorAll("testcase")];
  const having = (selector: string) => cases.filter((test) => test.querySelector(selector) !== null).length;
  const failed = having("failure, error");
  const skipped = having("skipped");
  return { passed: cases.length - failed - skipped, failed, skipped };
}

/** Counts the tests in a run that `test:npm` or `test:xen` kept. */
export function countRun(json: string): Counts {
  return JSON.parse(json).counts;
}

/** The results of `deno task test`: the tests, then the examples in the docs. */
export const TEST_RESULTS: readonly Results[] = [
  { file: new URL("vitest.json", folder), count: countVitest },
  { file: new URL("docs.xml", folder), count: countJUnit },
];

/** The results of `deno task test:npm`. */
export const NPM_RESULTS: readonly Results[] = [{ file: runFile("test:npm"), count: countRun }];

/** The results of `deno task test:store`. */
export const STORE_RESULTS: readonly Results[] = [{ file: new URL("store.xml", folder), count: countJUnit }];

/** The results of `deno task test:site`: what runs in parallel, then the budget. */
export const SITE_RESULTS: readonly Results[] = [
  { file: new URL("site.xml", folder), count: countJUnit },
  { file: new URL("site_budget.xml", folder), count: countJUnit },
];

/** The results of `deno task test:xen`. */
export const XEN_RESULTS: readonly Results[] = [{ file: runFile("test:xen"), count: countRun }];

/** Removes results of an earlier run. */
export async function clear(results: readonly Results[]): Promise<void> {
  for (const { file } of results) {
    await Deno.remove(file).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** Reads results: zero for each runner that wrote none. */
export function read(results: readonly Results[]): Promise<Counts[]> {
  return Promise.all(results.map(async ({ file, count }) => {
    try {
      return count(await Deno.readTextFile(file));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return { passed: 0, failed: 0, skipped: 0 };
    }
  }));
}
