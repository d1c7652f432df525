/** Both sides of a channel in every order of their accesses: no wake-up and no byte is lost, and none comes twice. */
import { describe, expect, test } from "vitest";
import {
  CLIENT,
  CLIENT_LIVE,
  GONE,
  HERE,
  READ,
  SERVER,
  SERVER_LIVE,
  type Side,
  WROTE,
} from "../../src/vchan/layout.ts";
import { Pace } from "../../src/vchan/pace.ts";
import { RingReader } from "../../src/vchan/ring_reader.ts";
import { RingWriter } from "../../src/vchan/ring_writer.ts";
import { Spin } from "../../src/vchan/spin.ts";
import { Wait } from "../../src/vchan/wait.ts";
import { type Agent, explore, preparing, type Program, RING } from "./explorer.ts";

/** What one side does, in the words of a connection. What it waits for is decided by the code of a connection. */
class Steps {
  readonly #agent: Agent;
  readonly #side: Side;
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #data: Wait;
  readonly #room: Wait;

  constructor(agent: Agent, side: Side) {
    this.#agent = agent;
    this.#side = side;
    const notify = () => agent.notify();
    const reader = this.#reader = new RingReader(agent.page, side, agent.ring(side.reading), RING, notify);
    const writer = this.#writer = new RingWriter(agent.page, side, agent.ring(side.writing), RING, notify);
    const life = { peerIsGone: () => this.#peerIsGone() };
    const pace = new Pace();
    this.#data = new Wait(reader, life, pace, new Spin(0));
    this.#room = new Wait(writer, life, pace, new Spin(0));
  }

  #peerIsGone(): boolean {
    return this.#agent.page.loadByte(this.#side === SERVER ? CLIENT_LIVE : SERVER_LIVE) === GONE;
  }

  /** Waits for some bytes or so much room. Returns whether they are there; otherwise, the other side has left. */
  #until(wait: Wait, ring: RingReader | RingWriter, wanted: number): boolean {
    while (ring.look() < wanted && !wait.isOver(wanted)) this.#agent.wait();
    return ring.look() >= wanted;
  }

  write(...bytes: number[]): void {
    const source = Uint8Array.from(bytes);
    for (let at = 0;;) {
      at += this.#writer.write(source, at, bytes.length);
      if (at === bytes.length || !this.#until(this.#room, this.#writer, 1)) return;
    }
  }

  send(...bytes: number[]): void {
    if (!this.#until(this.#room, this.#writer, bytes.length)) return;
    this.#writer.write(Uint8Array.from(bytes), 0, bytes.length);
  }

  /** Reads a number of bytes, some at a time, or until the other side is gone and nothing is left. */
  read(count: number): number[] {
    const target = new Uint8Array(count);
    for (let at = 0;;) {
      at += this.#reader.read(target, at, count);
      if (at === count || !this.#until(this.#data, this.#reader, 1)) return [...target.subarray(0, at)];
    }
  }

  receive(count: number): number[] {
    const target = new Uint8Array(count);
    if (!this.#until(this.#data, this.#reader, count)) return [];
    this.#reader.read(target, 0, count);
    return [...target];
  }

  close(): void {
    this.#agent.page.storeByte(this.#side.live, GONE);
    this.#agent.notify();
  }
}

const program = (side: Side, run: (steps: Steps) => unknown): Program => (agent) => run(new Steps(agent, side)) ?? null;
const server = (run: (steps: Steps) => unknown) => program(SERVER, run);
const client = (run: (steps: Steps) => unknown) => program(CLIENT, run);

const LIVE = { [CLIENT_LIVE]: HERE, [SERVER_LIVE]: HERE };
const begins = [
  ["nothing asked for", { bytes: LIVE }],
  ["an event for the first write, as C begins, and an event that means nothing", {
    bytes: { ...LIVE, 22: WROTE, 23: WROTE },
    events: [0, 1],
  }],
  ["everything asked for, events for both, and indices about to wrap", {
    bytes: { ...LIVE, 22: WROTE | READ, 23: WROTE | READ },
    events: [1, 1],
    start: -1,
  }],
] as const;

const cases: [name: string, left: Program, right: Program, ends: unknown][] = [
  [
    "a stream from the client to the server",
    server((steps) => steps.read(4)),
    client((steps) => steps.write(1, 2, 3, 4)),
    [[1, 2, 3, 4], null],
  ],
  [
    "a stream from the server to the client, a byte at a time",
    server((steps) => {
      for (const byte of [1, 2, 3]) steps.write(byte);
    }),
    client((steps) => [...steps.read(1), ...steps.read(1), ...steps.read(1)]),
    [null, [1, 2, 3]],
  ],
  [
    "packets of the size of the ring",
    server((steps) => [...steps.receive(2), ...steps.receive(2)]),
    client((steps) => {
      steps.send(1, 2);
      steps.send(3, 4);
    }),
    [[1, 2, 3, 4], null],
  ],
  [
    "packets after a byte that does not fit them",
    server((steps) => [...steps.receive(1), ...steps.receive(2)]),
    client((steps) => {
      steps.send(1);
      steps.send(2, 3);
    }),
    [[1, 2, 3], null],
  ],
  [
    "a question and its answer",
    server((steps) => {
      const question = steps.read(3);
      steps.write(question[0]! + 10);
      return question;
    }),
    client((steps) => {
      steps.write(1, 2, 3);
      return steps.read(1);
    }),
    [[1, 2, 3], [11]],
  ],
  [
    "the end of a writer",
    server((steps) => steps.read(4)),
    client((steps) => {
      steps.write(1, 2, 3);
      steps.close();
    }),
    [[1, 2, 3], null],
  ],
];

describe.each(begins)("with %s", (_, begin) => {
  test.each(cases)("%s arrives in every order of accesses", (_name, left, right, ends) => {
    const { states, outcomes, stuck } = explore([left, right], preparing(begin));
    expect([...stuck]).toEqual([]);
    expect([...outcomes]).toEqual([JSON.stringify(ends)]);
    // It has looked at more than one order.
    expect(states).toBeGreaterThan(100);
  });
});

describe("the search finds", () => {
  const stream = (change: (agent: Agent) => Agent) =>
    explore([
      (agent) => server((steps) => steps.read(3))(change(agent)),
      (agent) => client((steps) => steps.write(1, 2, 3))(change(agent)),
    ], preparing({ bytes: LIVE }));

  test("a wake-up that is lost because nobody looks again after asking", () => {
    // The look after the bit is set is answered with what was seen before it.
    const { stuck } = stream((agent) => {
      let asked = false;
      const seen = new Map<number, number>();
      return {
        ...agent,
        page: {
          ...agent.page,
          setBits: (at, bits) => {
            asked = true;
            agent.page.setBits(at, bits);
          },
          loadIndex: (word) => {
            const value = asked && seen.has(word) ? seen.get(word)! : agent.page.loadIndex(word);
            asked = false;
            seen.set(word, value);
            return value;
          },
        },
      };
    });
    expect(stuck.size).toBeGreaterThan(0);
  });

  test("bytes that are announced before they are there", () => {
    const { outcomes } = stream((agent) => ({
      ...agent,
      ring: (indices) => {
        const ring = agent.ring(indices);
        const waiting: (() => void)[] = [];
        const { loadByte } = agent.page;
        // The copy happens behind the index, before the look at the bit.
        agent.page.loadByte = (at) => {
          for (const put of waiting.splice(0)) put();
          return loadByte(at);
        };
        return { ...ring, put: (...given) => void waiting.push(() => ring.put(...given)) };
      },
    }));
    expect(outcomes.size).toBeGreaterThan(1);
  });
});
