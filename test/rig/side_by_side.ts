/**
 * Runs machines side by side: each emulated one keeps one processor busy and holds its memory.
 *
 * @module
 */
import { availableParallelism } from "node:os";

/** What there is for all jobs together, or what one of them needs. */
export interface Room {
  readonly processors: number;
  /** In MiB. */
  readonly memory: number;
}

/** Something that runs, and the memory that it holds meanwhile, in MiB. */
export interface Job<T> {
  readonly memory: number;
  run(): Promise<T>;
}

/** Returns what this machine has free. */
export function roomHere(): Room {
  // A tenth stays free for the programs that look after the machines.
  const memory = Math.floor(Deno.systemMemoryInfo().available / 2 ** 20 * 0.9);
  return { processors: availableParallelism(), memory };
}

/**
 * Runs jobs, each as soon as a processor and its memory are free, in order. A job that is too large for the whole room
 * runs alone. One that fails does not keep the others from running.
 *
 * @returns How the jobs ended, in their order.
 */
export async function runSideBySide<T>(jobs: readonly Job<T>[], room: Room): Promise<PromiseSettledResult<T>[]> {
  const results: Promise<T>[] = [];
  const running = new Set<Promise<unknown>>();
  let held = 0;
  for (const job of jobs) {
    const fits = () => running.size < room.processors && held + job.memory <= room.memory;
    while (running.size > 0 && !fits()) await Promise.race(running);
    held += job.memory;
    const result = Promise.try(() => job.run());
    results.push(result);
    const ended = Promise.allSettled([result]).then(() => {
      held -= job.memory;
      running.delete(ended);
    });
    running.add(ended);
  }
  return await Promise.allSettled(results);
}
