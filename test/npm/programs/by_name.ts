/** Runs the tests of a suite in the order in which another program asks for them. */

import process from "node:process";
import { createInterface } from "node:readline";

/** Reads names of tests, a line each. Runs each, and answers with a line of JSON: the error, if there was one. */
export async function runByName(declare: (test: (name: string, run: () => unknown) => void) => void): Promise<void> {
  const tests = new Map<string, () => unknown>();
  declare((name, run) => void tests.set(name, run));
  for await (const name of createInterface({ input: process.stdin })) {
    let error: string | undefined;
    try {
      const run = tests.get(name);
      if (run === undefined) throw new Error("the packed suite has no such test");
      await run();
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
    }
    console.log(JSON.stringify({ error }));
  }
}
