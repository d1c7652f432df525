/**
 * Messages in both directions between two programs, each direction with a page and an event channel of its own. Both
 * sides compute what a message must contain, so that every byte is checked. `talk` in ../peer/stream.c does the same.
 */

// Only types: on Node, the library comes from the npm package.
import type { EventChannel } from "../../../mod.ts";

// Both counts of a page only grow. Messages have slots of 64 bytes:
//
// 0           4           64                                128
// | produced  | consumed  … | number | length | up to 56 bytes | … a slot for each message under way
const PRODUCED = 0;
const CONSUMED = 1;
const SLOTS = 64;
const SLOT = 64;
const HEAD = 8;

/** One direction: the page and the channel of its messages, and the seed of their contents. */
interface Way {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly channel: EventChannel;
  readonly seed: number;
}

/** Sends a number of messages, with at most `slots` under way, and receives as many. Returns how often it waited. */
export async function talk(count: number, slots: number, out: Way, back: Way, seconds: number): Promise<number> {
  const outCounts = new Int32Array(out.bytes.buffer, out.bytes.byteOffset, 2);
  const backCounts = new Int32Array(back.bytes.buffer, back.bytes.byteOffset, 2);
  const expected = new Uint8Array(SLOT);
  let sent = 0, received = 0, waits = 0;

  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no end within ${seconds} s, with ${sent} messages sent and ${received} received`)),
    seconds * 1000,
  );
  const iterators = [out.channel, back.channel].map((channel) => channel.events({ signal: late.signal }));
  const next = iterators.map((iterator) => iterator.next());
  try {
    while (sent < count || received < count || Atomics.load(outCounts, CONSUMED) < count) {
      const before = [sent, received];
      for (; sent < count && sent - Atomics.load(outCounts, CONSUMED) < slots; sent++) {
        const start = SLOTS + SLOT * (sent % slots);
        compose(out.bytes.subarray(start, start + SLOT), out.seed, sent);
        Atomics.store(outCounts, PRODUCED, sent + 1);
      }
      for (; received < count && received < Atomics.load(backCounts, PRODUCED); received++) {
        compose(expected, back.seed, received);
        const start = SLOTS + SLOT * (received % slots);
        for (let i = 0; i < SLOT; i++) {
          if (back.bytes[start + i] !== expected[i]) throw new Error(`message ${received} is not as it was sent`);
        }
        Atomics.store(backCounts, CONSUMED, received + 1);
      }
      if (sent > before[0]!) out.channel.notify();
      if (received > before[1]!) back.channel.notify();
      if (sent === before[0] && received === before[1]) {
        const which = await Promise.race(next.map((promise, index) => promise.then(() => index)));
        next[which] = iterators[which]!.next();
        waits++;
      }
    }
    return waits;
  } finally {
    clearTimeout(timer);
    late.abort();
    await Promise.allSettled(next);
  }
}

/** Does one step of Marsaglia's xorshift, on 32 bits. */
function shuffle(state: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  return (state ^ (state << 5)) >>> 0;
}

/** Returns the contents of a message. The rest of its slot is zero. */
function compose(slot: Uint8Array, seed: number, number: number): void {
  let state = shuffle((seed ^ Math.imul(number, 2654435761) ^ 1) >>> 0);
  const length = state % (SLOT - HEAD + 1);
  slot.fill(0);
  const view = new DataView(slot.buffer, slot.byteOffset);
  view.setUint32(0, number, true);
  view.setUint32(4, length, true);
  for (let i = 0; i < length; i++) {
    state = shuffle((state + i + 1) >>> 0);
    slot[HEAD + i] = state;
  }
}
