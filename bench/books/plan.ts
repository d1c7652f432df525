/** How thoroughly to measure. */
interface Plan {
  readonly rounds: number;
  /** For how long a side measures in a round. */
  readonly milliseconds: number;
  /** The numbers of live pages and of pending pages. */
  readonly lives: readonly number[];
  readonly pendings: readonly number[];
  /** Steps of the trace on which all variants must agree. */
  readonly steps: number;
  /** Pages of the measurements of memory: the books' and the process's. */
  readonly memory: number;
  readonly peak: number;
  /** Processes that are started to measure the start. */
  readonly starts: number;
}

/** The plan for figures to quote. */
export const FULL: Plan = {
  rounds: 9,
  milliseconds: 20,
  lives: [100, 1000, 10_000, 100_000, 1_000_000],
  pendings: [0, 1000, 100_000],
  steps: 5000,
  memory: 1_000_000,
  peak: 100_000,
  starts: 9,
};

/** The plan that shows in less than a minute that the bench works. */
export const QUICK: Plan = {
  rounds: 3,
  milliseconds: 4,
  lives: [100, 10_000],
  pendings: [0, 1000],
  steps: 1000,
  memory: 100_000,
  peak: 10_000,
  starts: 3,
};
