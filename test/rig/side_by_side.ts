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
 * runs alone.
 *
 * @returns What the jobs returned, in their order.
 * @throws What the first job threw that failed, once those that had started have ended. No other one starts.
 */
export async function runSideBySide<T>(jobs: readonly Job<T>[], room: Room): Promise<T[]> {
  const results: T[] = [];
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let held = 0;
  for (const [index, job] of jobs.entries()) {
    const fits = () => running.size < room.processors && held + job.memory <= room.memory;
    while (running.size > 0 && !fits()) await Promise.race(running);
    if (failures.length > 0) break;
    held += job.memory;
    const ended = job.run().then((result) => {
      results[index] = result;
    }, (failure) => {
      failures.push(failure);
    }).finally(() => {
      held -= job.memory;
      running.delete(ended);
    });
    running.add(ended);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return results;
}
