/**
 * Runs two sides in every order of their accesses to the memory that they share, one access at a time.
 *
 * A side is an ordinary function. It cannot be stopped in the middle, so it is run from its beginning for each access:
 * the results of its earlier accesses are replayed, one more access is made, and the next one throws. As a side depends
 * on nothing but these results, states with the same memory and the same results are the same, and are visited once.
 *
 * @module
 */

/** Memory that both sides share: all of it is in one array, so that it can be copied and compared. */
export type Memory = Int32Array<ArrayBuffer>;

/** Makes an access, or replays its result. A wait is made only once an event has arrived. */
export type Access = (make: () => number, isWait?: boolean) => number;

/** One side: what it does with its accesses. What it returns in the end is shown as JSON. */
export type Program<Agent> = (agent: Agent) => unknown;

/** What the search knows of the memory. */
export interface Machine<Agent> {
  /** Where the words are that tell that an event has arrived: that of side 0, and then that of side 1. */
  readonly eventsAt: number;
  /** Returns what a side needs to run. */
  agentOf(memory: Memory, side: 0 | 1, access: Access): Agent;
}

/** What was found. */
export interface Exploration {
  /** How many different states there are. */
  states: number;
  /** What the sides returned, for each way in which both can end; as JSON. */
  outcomes: Set<string>;
  /** The states in which a side waits for ever, described. */
  stuck: Set<string>;
}

/** Thrown to stop a side at its next access. */
class Stop extends Error {}

/** A side in a state of the search. */
interface Progress {
  readonly results: readonly number[];
  /** Whether its next access is to wait for an event. */
  readonly waits: boolean;
  readonly outcome?: { readonly value: unknown };
}

interface State {
  readonly memory: Memory;
  readonly sides: readonly [Progress, Progress];
}

/** Runs two programs in every order of their accesses, from a state of the memory on. */
export function explore<Agent>(
  machine: Machine<Agent>,
  programs: readonly [Program<Agent>, Program<Agent>],
  memory: Memory,
): Exploration {
  const found: Exploration = { states: 0, outcomes: new Set(), stuck: new Set() };
  const begin = (side: 0 | 1) => advance(machine, memory, programs[side], side, []);
  const visited = new Set<string>();
  const waiting: State[] = [{ memory, sides: [begin(0).progress, begin(1).progress] }];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    const { sides } = state;
    const key = `${state.memory}|${sides[0].results}|${sides[1].results}`;
    if (visited.has(key)) continue;
    visited.add(key);
    let stuck = true;
    for (const side of [0, 1] as const) {
      const { results, waits, outcome } = sides[side];
      if (outcome || (waits && state.memory[machine.eventsAt + side] === 0)) continue;
      stuck = false;
      const next = advance(machine, state.memory.slice(), programs[side], side, results, true);
      waiting.push({
        memory: next.memory,
        sides: side === 0 ? [next.progress, sides[1]] : [sides[0], next.progress],
      });
    }
    if (!stuck) continue;
    const ends = sides.map(({ outcome }) => outcome ? outcome.value : "waits for ever");
    (sides.every(({ outcome }) => outcome) ? found.outcomes : found.stuck).add(JSON.stringify(ends));
  }
  found.states = visited.size;
  return found;
}

/** Runs a side up to the access after its earlier ones, which it makes if `one` is set. */
function advance<Agent>(
  machine: Machine<Agent>,
  memory: Memory,
  program: Program<Agent>,
  side: 0 | 1,
  results: readonly number[],
  one = false,
): { memory: Memory; progress: Progress } {
  const done = [...results];
  let replayed = 0;
  let left = one ? 1 : 0;
  let waits = false;
  const agent = machine.agentOf(memory, side, (make, isWait = false) => {
    if (replayed < done.length) return done[replayed++]!;
    if (left === 0) {
      waits = isWait;
      throw new Stop();
    }
    left--;
    replayed++;
    const result = make();
    done.push(result);
    return result;
  });
  try {
    const value = program(agent);
    return { memory, progress: { results: done, waits: false, outcome: { value } } };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { memory, progress: { results: done, waits } };
  }
}
