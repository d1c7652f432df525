/** A frontend and a backend with a ring of two slots, in every order of their accesses to it. */
import { type BackRing, makeBackRing } from "../../src/pv/back_ring.ts";
import { type FrontRing, makeFrontRing } from "../../src/pv/front_ring.ts";
import { WORDS } from "../../src/pv/ring_layout.ts";
import type { RingMemory } from "../../src/pv/ring_memory.ts";
import { type Access, type Exploration, explore as exploreMachine, type Memory } from "../support/explorer.ts";

/** How many slots there are. Each has one byte, which is one access. */
const SLOTS = 2;
const PLACES = { words: 0, slots: WORDS, events: WORDS + SLOTS };
const SIZE = PLACES.events + 2;

/** What a side needs to run: its accesses, one at a time. */
export interface Agent {
  readonly memory: RingMemory;
  /** Sends an event to the other side. */
  notify(): void;
  /** Waits for an event. */
  wait(): void;
}

function agentOf(memory: Memory, side: 0 | 1, access: Access): Agent {
  const set = (place: number, value: number) => {
    access(() => {
      memory[place] = value;
      return 0;
    });
  };
  return {
    memory: {
      size: SLOTS,
      slotSize: 1,
      load: (word) => access(() => memory[PLACES.words + word]!),
      store: (word, value) => set(PLACES.words + word, value),
      put: (slot, bytes) => set(PLACES.slots + slot, bytes[0]!),
      get: (slot, target) => {
        target[0] = access(() => memory[PLACES.slots + slot]!);
      },
    },
    notify: () => set(PLACES.events + 1 - side, 1),
    wait: () => {
      access(() => {
        memory[PLACES.events + side] = 0;
        return 0;
      }, true);
    },
  };
}

/** A frontend whose ring was created before the search begins. */
export function frontRing({ memory }: Agent, start: number): FrontRing {
  let isCreated = false;
  const ring = makeFrontRing({
    ...memory,
    store(word, value) {
      if (isCreated) memory.store(word, value);
    },
  }, start);
  isCreated = true;
  return ring;
}

/** A backend, which attaches while the frontend may already push. */
export function backRing({ memory }: Agent): BackRing {
  return makeBackRing(memory);
}

/** How the search begins. */
export interface Begin {
  /** The first index. */
  readonly start: number;
  /** Whether an event that means nothing has arrived: at the frontend, and at the backend. */
  readonly events: readonly [number, number];
}

/** Runs a frontend and a backend in every order of their accesses. */
export function explore(
  front: (agent: Agent) => unknown,
  back: (agent: Agent) => unknown,
  { start, events }: Begin,
): Exploration {
  const memory = new Int32Array(SIZE);
  memory.set([start, start + 1, start, start + 1], PLACES.words);
  memory.set(events, PLACES.events);
  return exploreMachine({ eventsAt: PLACES.events, agentOf }, [front, back], memory);
}
