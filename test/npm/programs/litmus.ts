/**
 * Experiments with `Atomics` on a plain buffer over memory that two threads share, as two domains do. Each thread runs
 * the same experiment with the number of its side. Any runtime can run them.
 *
 * @module
 */

/** What came out: numbers that the test knows the meaning of. */
export type LitmusOutcome = readonly number[];

/** The bytes that the experiments need. */
export const LITMUS_BYTES = 64 * 1024;

const ROUNDS = 1_000_000;
/** The rounds of experiments in which the threads wait for each other. */
const MEETINGS = 50_000;
/** Experiments stop after this time, in milliseconds, on a machine that is busy with other things. */
const LONGEST = 5000;

/** The words at which the threads meet, away from those that they experiment with. */
const ARRIVED = 8192;
const STOPPED = 8193;

/** One side of the experiments. */
export class Litmus {
  readonly #side: number;
  readonly #buffer: ArrayBuffer;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #end = performance.now() + LONGEST;
  #meetings = 0;

  /**
   * @param side 0 or 1.
   * @param buffer This thread's buffer over the memory.
   */
  constructor(side: number, buffer: ArrayBuffer) {
    this.#side = side;
    this.#buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** Waits until both threads are here. Returns whether to go on. */
  meet(): boolean {
    const words = this.#words;
    if (this.#side === 0 && performance.now() > this.#end) Atomics.store(words, STOPPED, 1);
    const goal = 2 * ++this.#meetings;
    Atomics.add(words, ARRIVED, 1);
    while (Atomics.load(words, ARRIVED) < goal);
    return Atomics.load(words, STOPPED) === 0;
  }

  /** Both add to the same word: none of it may be lost. */
  add(): LitmusOutcome {
    this.meet();
    for (let round = 0; round < ROUNDS; round++) Atomics.add(this.#words, 0, 1);
    this.meet();
    return [Atomics.load(this.#words, 0) - 2 * ROUNDS];
  }

  /** Each sets and clears a bit of its own in the same byte, and counts how often the other has undone that. */
  bits(): LitmusOutcome {
    const bytes = new Uint8Array(this.#buffer);
    const bit = 1 << this.#side;
    let undone = 0;
    this.meet();
    for (let round = 0; round < ROUNDS; round++) {
      Atomics.or(bytes, 22, bit);
      if ((Atomics.and(bytes, 22, ~bit) & bit) === 0) undone++;
    }
    return [undone];
  }

  /** Each writes a word, and then reads that of the other. Returns what it read, round by round. */
  storeThenLoad(): LitmusOutcome {
    const words = this.#words;
    const [own, other] = this.#side === 0 ? [0, 1024] : [1024, 0];
    const seen: number[] = [];
    while (seen.length < MEETINGS && this.meet()) {
      const round = seen.length + 1;
      Atomics.store(words, own, round);
      seen.push(Atomics.load(words, other));
      // Nobody is ahead while the other one still looks.
      this.meet();
    }
    return seen;
  }

  /** One writes bytes and then an index; the other counts how many bytes it sees too late. */
  message(): LitmusOutcome {
    const bytes = new Uint8Array(this.#buffer, 4096, 4096);
    const words = this.#words;
    let wrong = 0;
    for (let round = 1; round <= ROUNDS / 10; round++) {
      if (this.#side === 0) {
        bytes.fill(round, 0, 64);
        Atomics.store(words, 0, round);
        while (Atomics.load(words, 1) !== round);
      } else {
        while (Atomics.load(words, 0) !== round);
        for (let at = 0; at < 64; at++) if (bytes[at] !== (round & 0xff)) wrong++;
        Atomics.store(words, 1, round);
      }
    }
    return [wrong];
  }
}

/** What the experiments have found, those of both sides. Returns what is wrong, in words. */
export function faultsOf(found: Readonly<Record<string, readonly [LitmusOutcome, LitmusOutcome]>>): string[] {
  const faults: string[] = [];
  for (const name of ["add", "bits", "message"]) {
    if (found[name]!.flat().some((wrong) => wrong !== 0)) {
      faults.push(`${name}: ${found[name]!.join(" and ")} are wrong`);
    }
  }
  const [left, right] = found["storeThenLoad"]!;
  const missed = left.filter((seen, round) => seen <= round && right[round]! <= round).length;
  if (missed > 0) faults.push(`storeThenLoad: both sides missed what the other wrote, ${missed} times`);
  if (left.length < 100 || right.length !== left.length) faults.push(`storeThenLoad: only ${left.length} rounds`);
  return faults;
}
