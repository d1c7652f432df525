/** Tests with many processes and workers at once, and with processes that are killed at any moment: only for dom0. */

import { assertEquals } from "../../conformance/asserts.ts";
import { kill, spawn } from "./child.ts";
import { assertNothingGranted } from "./limit.ts";
import type { Suite } from "./runner.ts";
import { pause } from "./until.ts";

const WORKERS = 4;
const ROUNDS = 100;
const DEATHS = 20;

export function declare({ test }: Suite): void {
  test(`${WORKERS} workers of one process, each with an allocator of its own, do not meet`, async () => {
    const workers = Array.from(
      { length: WORKERS },
      (_, number) => new Worker(import.meta.resolve("./worker.ts"), { type: "module", name: String(number) }),
    );
    const done = workers.map((worker, number) =>
      new Promise<number>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(`worker ${number}: ${event.message}`));
        worker.postMessage({ number, rounds: ROUNDS });
      })
    );
    try {
      assertEquals(await Promise.all(done), workers.map(() => ROUNDS));
    } finally {
      for (const worker of workers) worker.terminate();
    }
    assertNothingGranted();
  });

  for (let death = 1; death <= DEATHS; death++) {
    test(`a process that is killed at a random moment leaves nothing behind, ${death} of ${DEATHS}`, async () => {
      const { pid } = await spawn(`${import.meta.dirname}/churn.ts`, [String(death)]);
      const milliseconds = Math.random() * 200;
      await pause(milliseconds);
      await kill(pid);
      try {
        assertNothingGranted();
      } catch (cause) {
        throw new Error(`killed after ${milliseconds} ms`, { cause });
      }
    });
  }
}
