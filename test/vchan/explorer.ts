/**
 * Runs two sides of a channel in every order of their accesses to the shared page, one access at a time: see
 * {@linkcode exploreMachine}.
 *
 * @module
 */
import { GRANTS_AT, INDICES, type Side } from "../../src/vchan/layout.ts";
import type { RingSink, RingSource } from "../../src/vchan/ring_memory.ts";
import type { SharedPage } from "../../src/vchan/shared_page.ts";
import { type Access, type Exploration, explore as exploreMachine, type Memory } from "../support/explorer.ts";

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

/** Runs two programs in every order of their accesses. */
export function explore(programs: readonly [Program, Program], prepare: (memory: Memory) => void): Exploration {
  const memory = new Int32Array(SIZE);
  prepare(memory);
  return exploreMachine({ eventsAt: PLACES.events, agentOf }, programs, memory);
}

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
