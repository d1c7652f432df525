/**
 * Runs two sides of a channel in every order of their accesses to the shared page, one access at a time.
 *
 * A side is an ordinary function. It cannot be stopped in the middle, so it is run from its beginning for each access:
 * the results of its earlier accesses are replayed, one more access is made, and the next one throws. As a side depends
 * on nothing but these results, states with the same memory and the same results are the same, and are visited once.
 *
 * @module
 */
import { GRANTS_AT, INDICES, type Side } from "../../src/vchan/layout.ts";
import type { RingSink, RingSource } from "../../src/vchan/ring_memory.ts";
import type { SharedPage } from "../../src/vchan/shared_page.ts";

/** The size of each ring in bytes. */
export const RING = 2;

/** What both sides share: all of it is in one array, so that it can be copied and compared. */
const PLACES = {
  indices: 0,
  bytes: INDICES,
  rings: INDICES + GRANTS_AT,
  /** Whether an event has arrived, for each side. */
  events: INDICES + GRANTS_AT + 2 * RING,
};
const SIZE = PLACES.events + 2;

/** Memory that both sides share. */
export type Memory = Int32Array<ArrayBuffer>;

/** Thrown to stop a side at its next access. */
class Stop extends Error {}

/** What a side needs to run: its accesses, one at a time. */
export interface Agent {
  readonly page: SharedPage;
  /** The ring of a side that writes into it, or reads from it. */
  ring(indices: Side["reading"]): RingSink & RingSource;
  /** Sends an event to the other side. */
  notify(): void;
  /** Waits for an event. */
  wait(): void;
}

/** One side: a number, what it does, and what that returns in the end. */
export type Program = (agent: Agent) => unknown;

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

/** What was found. */
export interface Exploration {
  /** How many different states there are. */
  states: number;
  /** What the sides returned, for each way in which both can end; as JSON. */
  outcomes: Set<string>;
  /** The states in which a side waits for ever, described. */
  stuck: Set<string>;
}

/** Runs two programs in every order of their accesses. */
export function explore(programs: readonly [Program, Program], prepare: (memory: Memory) => void): Exploration {
  const found: Exploration = { states: 0, outcomes: new Set(), stuck: new Set() };
  const memory = new Int32Array(SIZE);
  prepare(memory);
  const begin = (side: 0 | 1) => advance(memory, programs[side], side, []);
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
      if (outcome || (waits && state.memory[PLACES.events + side] === 0)) continue;
      stuck = false;
      const next = advance(state.memory.slice(), programs[side], side, results, true);
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
function advance(
  memory: Memory,
  program: Program,
  side: 0 | 1,
  results: readonly number[],
  one = false,
): { memory: Memory; progress: Progress } {
  const done = [...results];
  let replayed = 0;
  let left = one ? 1 : 0;
  let waits = false;
  const agent = agentOf(memory, side, (make, isWait = false) => {
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

type Access = (make: () => number, isWait?: boolean) => number;

function agentOf(memory: Memory, side: 0 | 1, access: Access): Agent {
  const { indices, bytes, rings, events } = PLACES;
  const set = (place: number, value: number) => {
    access(() => {
      memory[place] = value;
      return 0;
    });
  };
  return {
    page: {
      loadIndex: (word) => access(() => memory[indices + word]!),
      storeIndex: (word, value) => set(indices + word, value),
      loadByte: (at) => access(() => memory[bytes + at]!),
      storeByte: (at, value) => set(bytes + at, value),
      setBits: (at, bits) => {
        access(() => {
          memory[bytes + at]! |= bits;
          return 0;
        });
      },
      clearBits: (at, bits) =>
        access(() => {
          const before = memory[bytes + at]!;
          memory[bytes + at] = before & ~bits;
          return before;
        }),
    },
    ring: ({ consumed }) => {
      const start = rings + (consumed === 0 ? 0 : RING);
      return {
        put(at, source, from, count) {
          for (let index = 0; index < count; index++) set(start + (at + index) % RING, source[from + index]!);
        },
        get(at, target, to, count) {
          for (let index = 0; index < count; index++) {
            target[to + index] = access(() => memory[start + (at + index) % RING]!);
          }
        },
      };
    },
    notify: () => set(events + 1 - side, 1),
    wait: () => {
      access(() => {
        memory[events + side] = 0;
        return 0;
      }, true);
    },
  };
}

/** Sets bytes and events before the sides begin. */
export function preparing(
  given: { bytes?: Readonly<Record<number, number>>; events?: readonly [number, number]; start?: number },
) {
  return (memory: Memory) => {
    for (const [at, value] of Object.entries(given.bytes ?? {})) memory[PLACES.bytes + Number(at)] = value;
    memory.set(given.events ?? [0, 0], PLACES.events);
    memory.fill(given.start ?? 0, PLACES.indices, PLACES.indices + INDICES);
  };
}
