/** Both ends of a ring in every order of their accesses: no wake-up is lost, and each request is answered once. */
import { describe, expect, test } from "vitest";
import { REQ_EVENT, REQ_PROD, RSP_EVENT, RSP_PROD } from "../../src/pv/ring_layout.ts";
import type { RingMemory } from "../../src/pv/ring_memory.ts";
import { type Agent, backRing, type Begin, explore, frontRing } from "./explorer.ts";

/** Sends requests, several at a time, and returns the responses. */
const front = (start: number, ...batches: number[][]) => (agent: Agent) => {
  const ring = frontRing(agent, start);
  const responses: number[] = [];
  const target = new Uint8Array(1);
  const takeOne = () => {
    while (!ring.take(target)) if (!ring.ask()) agent.wait();
    responses.push(target[0]!);
  };
  for (const batch of batches) {
    while (ring.free < batch.length) takeOne();
    for (const request of batch) ring.put(Uint8Array.of(request));
    if (ring.push()) agent.notify();
  }
  while (ring.unanswered > 0) takeOne();
  return responses;
};

/** Answers a number of requests with ten times their value, each at once. */
const back = (count: number) => (agent: Agent) => {
  const ring = backRing(agent);
  const request = new Uint8Array(1);
  for (let answered = 0; answered < count; answered++) {
    while (!ring.take(request)) if (!ring.ask()) agent.wait();
    ring.put(Uint8Array.of(request[0]! * 10));
    if (ring.push()) agent.notify();
  }
  return null;
};

/** Takes all that is there, and answers it together, the last request first. */
const lazyBack = (count: number) => (agent: Agent) => {
  const ring = backRing(agent);
  const request = new Uint8Array(1);
  for (let answered = 0; answered < count;) {
    const taken: number[] = [];
    while (ring.take(request)) taken.push(request[0]!);
    if (taken.length === 0 && !ring.ask()) agent.wait();
    for (const one of taken.reverse()) ring.put(Uint8Array.of(one * 10));
    answered += taken.length;
    if (ring.push()) agent.notify();
  }
  return null;
};

const begins: [name: string, begin: Begin][] = [
  ["indices that begin at 0", { start: 0, events: [0, 0] }],
  ["an event that means nothing for each side", { start: 0, events: [1, 1] }],
  ["indices about to wrap, and an event for the backend", { start: -1, events: [0, 1] }],
];

describe.each(begins)("with %s", (_, begin) => {
  test.each(
    [
      ["one request", [[1]], back(1), [10]],
      ["one request after the other", [[1], [2]], back(2), [10, 20]],
      ["two at a time, so that the ring is full", [[1, 2], [3]], back(3), [10, 20, 30]],
    ] as const,
  )("%s: each is answered in every order of accesses", (_name, batches, answer, responses) => {
    const { states, outcomes, stuck } = explore(
      front(begin.start, ...batches.map((batch) => [...batch])),
      answer,
      begin,
    );
    expect([...stuck]).toEqual([]);
    expect([...outcomes]).toEqual([JSON.stringify([responses, null])]);
    // It has looked at more than one order.
    expect(states).toBeGreaterThan(30);
  });

  test("a backend that answers what it has taken in reverse: each is answered in every order of accesses", () => {
    const { outcomes, stuck } = explore(front(begin.start, [1], [2]), lazyBack(2), begin);
    expect([...stuck]).toEqual([]);
    // What it has taken together depends on the order.
    for (const outcome of outcomes) expect(JSON.parse(outcome)[0].toSorted()).toEqual([10, 20]);
    expect(outcomes.size).toBeGreaterThan(1);
  });
});

describe("the search finds", () => {
  const begin: Begin = { start: 0, events: [0, 0] };
  const changed = (change: (memory: RingMemory) => RingMemory) => {
    const on = (run: (agent: Agent) => unknown) => (agent: Agent) => run({ ...agent, memory: change(agent.memory) });
    return explore(on(front(0, [1], [2])), on(back(2)), begin);
  };

  test.each([["backend", REQ_EVENT, REQ_PROD], ["frontend", RSP_EVENT, RSP_PROD]])(
    "a wake-up that is lost because the %s does not look again after asking",
    (_, event, prod) => {
      // The look after the question is answered with what was seen before it.
      const { stuck } = changed((memory) => {
        let seen: number | undefined;
        let asked = false;
        return {
          ...memory,
          store(word, value) {
            if (word === event) asked = true;
            memory.store(word, value);
          },
          load(word) {
            if (word !== prod) return memory.load(word);
            const value = asked && seen !== undefined ? seen : memory.load(word);
            asked = false;
            return seen = value;
          },
        };
      });
      expect(stuck.size).toBeGreaterThan(0);
    },
  );

  test("a wake-up that is lost because a side looks at what was asked before it announces", () => {
    const { stuck } = changed((memory) => {
      let event: number | undefined;
      return {
        ...memory,
        put(slot, bytes) {
          event = undefined;
          memory.put(slot, bytes);
        },
        store(word, value) {
          // The frontend's announcement, with the load before it.
          if (word === REQ_PROD) event = memory.load(REQ_EVENT);
          memory.store(word, value);
        },
        load: (word) => word === REQ_EVENT && event !== undefined ? event : memory.load(word),
      };
    });
    expect(stuck.size).toBeGreaterThan(0);
  });

  test("a request that is announced before it is there", () => {
    const { outcomes } = changed((memory) => {
      const late: (() => void)[] = [];
      return {
        ...memory,
        put: (slot, bytes) => void late.push(() => memory.put(slot, bytes)),
        load(word) {
          for (const put of late.splice(0)) put();
          return memory.load(word);
        },
      };
    });
    expect(outcomes.size).toBeGreaterThan(1);
  });

  test("a ring that is created as a fresh page is: the first request comes without an event", () => {
    const { stuck } = explore(
      (agent) => {
        agent.memory.store(REQ_EVENT, 0);
        agent.memory.store(RSP_EVENT, 0);
        return front(0, [1])(agent);
      },
      (agent) => {
        // A backend that sleeps from the start, as Linux's does.
        agent.wait();
        return back(1)(agent);
      },
      begin,
    );
    expect(stuck.size).toBeGreaterThan(0);
  });
});
