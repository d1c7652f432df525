/** The order in which the rig starts its machines. */

import { describe, expect, test } from "vitest";
import { type Job, runSideBySide } from "../rig/side_by_side.ts";

/** Jobs whose ends the test decides, and the names of those that have started. */
class Jobs {
  readonly started: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<string>>();

  job(name: string, memory: number): Job<string> {
    const end = Promise.withResolvers<string>();
    this.#ends.set(name, end);
    return {
      memory,
      run: () => {
        this.started.push(name);
        return end.promise;
      },
    };
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!.resolve(`result of ${name}`);
    await settled();
  }

  async fail(name: string, error: Error): Promise<void> {
    this.#ends.get(name)!.reject(error);
    await settled();
  }
}

/** Lets everything that is ready go on. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

describe("runSideBySide()", () => {
  test("starts as many as there are processors, in order, and returns the results in order", async () => {
    const jobs = new Jobs();
    const all = runSideBySide(["a", "b", "c"].map((name) => jobs.job(name, 1)), { processors: 2, memory: 10 });
    await settled();
    expect(jobs.started).toEqual(["a", "b"]);
    await jobs.end("b");
    expect(jobs.started).toEqual(["a", "b", "c"]);
    await jobs.end("c");
    await jobs.end("a");
    expect(await all).toEqual(
      ["a", "b", "c"].map((name) => ({ status: "fulfilled", value: `result of ${name}` })),
    );
  });

  test("waits for memory", async () => {
    const jobs = new Jobs();
    const all = runSideBySide([jobs.job("a", 6), jobs.job("b", 5), jobs.job("c", 4)], { processors: 3, memory: 10 });
    await settled();
    expect(jobs.started).toEqual(["a"]);
    await jobs.end("a");
    expect(jobs.started).toEqual(["a", "b", "c"]);
    await jobs.end("b");
    await jobs.end("c");
    await all;
  });

  test("runs a job alone that needs more than there is", async () => {
    const jobs = new Jobs();
    const all = runSideBySide([jobs.job("a", 1), jobs.job("large", 20), jobs.job("b", 1)], {
      processors: 2,
      memory: 10,
    });
    await settled();
    expect(jobs.started).toEqual(["a"]);
    await jobs.end("a");
    expect(jobs.started).toEqual(["a", "large"]);
    await jobs.end("large");
    expect(jobs.started).toEqual(["a", "large", "b"]);
    await jobs.end("b");
    await all;
  });

  test("runs the others if one fails, and returns how each ended", async () => {
    const jobs = new Jobs();
    const all = runSideBySide(["a", "b", "c"].map((name) => jobs.job(name, 6)), { processors: 2, memory: 10 });
    await settled();
    await jobs.fail("a", new Error("no disk"));
    expect(jobs.started).toEqual(["a", "b"]);
    await jobs.end("b");
    await jobs.end("c");
    expect(await all).toEqual([
      { status: "rejected", reason: new Error("no disk") },
      { status: "fulfilled", value: "result of b" },
      { status: "fulfilled", value: "result of c" },
    ]);
  });
});
