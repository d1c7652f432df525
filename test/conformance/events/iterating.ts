import type { EventChannel } from "../../../mod.ts";
import { assertEquals } from "../asserts.ts";
import type { EventsTests } from "./setup.ts";
import { assertNoEvent, deadline, nextEvent } from "../timing.ts";

/** Counts a channel's events until it is unbound. */
async function count(channel: EventChannel, after: (seen: number) => void): Promise<number> {
  let seen = 0;
  for await (const _ of channel) after(++seen);
  return seen;
}

/** Waiting by an async iterator. */
export const iterating: EventsTests = {
  async "come one after the other, and end when the channel is unbound"({ connect }) {
    const { ours, theirs } = await connect();
    ours.notify();
    const counting = count(theirs, (seen) => {
      if (seen < 50) ours.notify();
      else theirs.unbind();
    });
    assertEquals(await deadline(counting, "50 events"), 50);
    assertEquals(await deadline(count(theirs, () => {}), "the end"), 0);
  },
  async "end when all are closed, while they are waited for"({ peerEvents, connect }) {
    const { theirs } = await connect();
    const counting = count(theirs, () => {});
    await assertNoEvent(theirs);
    peerEvents.close();
    assertEquals(await deadline(counting, "the end"), 0);
  },
  async "begin with one that came before, and that nobody took"({ connect }) {
    const { ours, theirs } = await connect();
    ours.notify();
    await assertNoEvent(ours);
    for await (const _ of theirs.events()) break;
    await assertNoEvent(theirs);
  },
  async "come to each iterator, however late it asks"({ connect }) {
    const { ours, theirs } = await connect();
    const [eager, lazy] = [theirs.events(), theirs.events()];
    const first = eager.next();
    ours.notify();
    assertEquals((await deadline(first, "an event")).done, false);
    assertEquals((await deadline(lazy.next(), "the same event")).done, false);
    const both = Promise.all([eager.next(), lazy.next()]);
    ours.notify();
    assertEquals((await deadline(both, "an event")).map(({ done }) => done), [false, false]);
    await eager.return!();
    await lazy.return!();
    await assertNoEvent(theirs);
  },
  async "answer each `next()` by an event of its own"({ connect }) {
    const { ours, theirs } = await connect();
    const events = theirs.events();
    let answered = 0;
    const answers = [1, 2, 3].map(() => events.next().then(() => answered++));
    for (const [index, answer] of answers.entries()) {
      await assertNoEvent(ours);
      assertEquals(answered, index);
      ours.notify();
      await deadline(answer, `event ${index}`);
    }
    await events.return!();
  },
  async "end by `return()`, even while they are waited for"({ connect }) {
    const { ours, theirs } = await connect();
    const events = theirs.events();
    const next = events.next();
    await deadline(events.return!(), "the end");
    assertEquals((await deadline(next, "the end")).done, true);
    assertEquals((await events.next()).done, true);
    ours.notify();
    await nextEvent(theirs);
  },
  async "throw the reason of the signal, once"({ connect }) {
    const { theirs } = await connect();
    const controller = new AbortController();
    const events = theirs.events({ signal: controller.signal });
    const next = events.next();
    const reason = new Error("enough");
    controller.abort(reason);
    let thrown: unknown;
    await deadline(next, "the reason").catch((error) => thrown = error);
    assertEquals(thrown, reason);
    assertEquals((await events.next()).done, true);
  },
};
