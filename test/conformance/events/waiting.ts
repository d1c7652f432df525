import type { EventChannel } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../asserts.ts";
import type { EventsTests } from "./setup.ts";
import { assertNoEvent, deadline, nextEvent, withTimeout } from "../timing.ts";

/** What a promise is rejected with. */
async function rejected(promise: Promise<unknown>): Promise<unknown> {
  try {
    await deadline(promise, "a rejection");
  } catch (error) {
    return error;
  }
  throw new Error("expected a rejection");
}

/** Throws unless a promise is rejected since the channel is closed. */
async function closed(promise: Promise<unknown>): Promise<void> {
  const error = await rejected(promise);
  assertRefused(() => {
    throw error;
  }, "closed");
}

/** A wait of each of some channels: which of them have ended, at any time. */
function watch(channels: readonly EventChannel[]): { ended: number[]; waits: Promise<void>[] } {
  const ended: number[] = [];
  const waits = channels.map(async (channel, index) => {
    await channel.wait();
    ended.push(index);
  });
  return { ended, waits };
}

/** Leaves a port unmasked, like an aborted wait. */
async function unmask(channel: EventChannel): Promise<void> {
  const controller = new AbortController();
  const wait = rejected(channel.wait({ signal: controller.signal }));
  controller.abort();
  await wait;
}

/** Looks for an event until there is one. */
function pollUntilEvent(channel: EventChannel): Promise<void> {
  const polling = async () => {
    while (!channel.poll()) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return deadline(polling(), "an event");
}

/** Waiting by a promise. */
export const waiting: EventsTests = {
  async "is over at once where an event came before"({ connect }) {
    const { ours, theirs } = await connect();
    ours.notify();
    await assertNoEvent(ours);
    await nextEvent(theirs);
    await assertNoEvent(theirs);
  },
  async "takes an event that came while another channel was waited for"({ connect }) {
    const [first, second] = [await connect(), await connect()];
    // So that its event is taken at once, although nobody waits for it.
    await unmask(second.theirs);
    const wait = nextEvent(first.theirs);
    second.ours.notify();
    await assertNoEvent(first.ours);
    first.ours.notify();
    await wait;
    await nextEvent(second.theirs);
    await assertNoEvent(second.theirs);
  },
  async "wakes all who wait for the same channel"({ connect }) {
    const { ours, theirs } = await connect();
    const { ended, waits } = watch([theirs, theirs, theirs]);
    ours.notify();
    await deadline(Promise.all(waits), "three waits");
    assertEquals(ended, [0, 1, 2]);
    await assertNoEvent(theirs);
  },
  async "wakes whoever waits for the channel that the event came on, and nobody else"({ connect }) {
    const pairs = [];
    for (let pair = 0; pair < 10; pair++) pairs.push(await connect());
    const { ended, waits } = watch(pairs.map(({ theirs }) => theirs));
    const order = [3, 7, 0, 9, 1, 2, 8, 5, 4, 6];
    for (const [done, index] of order.entries()) {
      assertEquals(ended.length, done);
      pairs[index]!.ours.notify();
      await deadline(waits[index]!, `wait ${index}`);
    }
    assertEquals(ended, order);
  },
  async "ends with `closed` when the channel is unbound, and the others go on"({ connect }) {
    const [first, second] = [await connect(), await connect()];
    const waits = [first.theirs.wait(), first.theirs.wait()].map(closed);
    const other = nextEvent(second.theirs);
    first.theirs.unbind();
    await Promise.all(waits);
    await closed(first.theirs.wait());
    second.ours.notify();
    await other;
  },
  async "ends with `closed` when all are closed"({ peerEvents, connect }) {
    const { theirs } = await connect();
    const wait = closed(theirs.wait());
    peerEvents.close();
    await wait;
    await closed(theirs.wait());
  },
  async "gets no event once the channel is unbound"({ connect }) {
    const { ours, theirs } = await connect();
    ours.notify();
    theirs.unbind();
    await closed(theirs.wait());
  },
  async "ends with the signal's reason, whether it is aborted before or meanwhile, and the others go on"({ connect }) {
    const { ours, theirs } = await connect();
    const reason = new Error("enough");
    assertEquals(await rejected(theirs.wait({ signal: AbortSignal.abort(reason) })), reason);
    const controller = new AbortController();
    const { signal } = controller;
    const other = nextEvent(theirs);
    const aborted = rejected(theirs.wait({ signal }));
    await assertNoEvent(ours);
    controller.abort(reason);
    assertEquals(await aborted, reason);
    ours.notify();
    await other;
    // An aborted wait has taken nothing.
    ours.notify();
    assertEquals(await rejected(theirs.wait({ signal })), reason);
    await nextEvent(theirs);
  },
  async "can be begun and ended many times without an event"({ connect }) {
    const { ours, theirs } = await connect();
    for (let round = 0; round < 200; round++) {
      const controller = new AbortController();
      const wait = rejected(theirs.wait({ signal: controller.signal }));
      controller.abort(round);
      assertEquals(await wait, round);
    }
    ours.notify();
    await nextEvent(theirs);
  },
  async "works with a port that was unmasked before"({ connect }) {
    const { ours, theirs } = await connect();
    await unmask(theirs);
    await unmask(theirs);
    await assertNoEvent(theirs);
    ours.notify();
    await nextEvent(theirs);
    await unmask(theirs);
    ours.notify();
    await nextEvent(theirs);
  },
  async "does not block the event loop"({ connect }) {
    const { ours, theirs } = await connect();
    const wait = nextEvent(theirs);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await new Promise((resolve) => setTimeout(resolve, 200));
    clearInterval(timer);
    assert(turns > 5, `${turns} turns of the loop in 200 ms`);
    ours.notify();
    await wait;
  },
  async "ends with a `TimeoutError` after a time, and takes nothing"({ connect }) {
    const { ours, theirs } = await connect();
    const error = await rejected(theirs.wait({ timeout: 20 }));
    assertEquals((error as Error).name, "TimeoutError");
    ours.notify();
    await deadline(theirs.wait({ timeout: 20_000 }), "an event");
    await assertNoEvent(theirs);
  },
  async "is not needed to look for an event"({ connect }) {
    const { ours, theirs } = await connect();
    assertEquals(theirs.poll(), false);
    ours.notify();
    await pollUntilEvent(theirs);
    assertEquals(theirs.poll(), false);
    ours.notify();
    await nextEvent(theirs);
    assertEquals(theirs.poll(), false);
    // A look while somebody waits takes no event away from the wait.
    const wait = nextEvent(theirs);
    assertEquals(theirs.poll(), false);
    ours.notify();
    await wait;
    theirs.unbind();
    assertRefused(() => theirs.poll(), "closed");
  },
  async "leaves timers their turns while two sides answer each other"({ connect }) {
    const { ours, theirs } = await connect();
    await withTimeout(50, async (signal) => {
      const answer = async (channel: EventChannel) => {
        for await (const _ of channel.events({ signal })) channel.notify();
      };
      const sides = [ours, theirs].map((channel) => rejected(answer(channel)));
      ours.notify();
      for (const side of sides) assertEquals(await side, signal.reason);
    });
  },
  async "has arguments that are checked, by the promise"({ events, target }) {
    const channel = events.bindUnbound(target.peerDomid);
    for (const options of [null, 5, { signal: {} }, { signal: "now" }, { timeout: "5" }, { signals: undefined }]) {
      const error = await rejected(channel.wait(options as never));
      assert(error instanceof TypeError, `expected a TypeError, got ${error}`);
    }
  },
};
