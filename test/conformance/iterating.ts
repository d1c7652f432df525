import type { EventChannel } from "../../mod.ts";
import { assertEquals } from "./asserts.ts";
import type { EventsTests } from "./events_setup.ts";
import { comes, quiet, soon } from "./soon.ts";

/** Counts a channel's events until it is unbound. */
async function count(channel: EventChannel, after: (seen: number) => void): Promise<number> {
  let seen = 0;
  for await (const _ of channel.events()) after(++seen);
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
    assertEquals(await soon(counting, "50 events"), 50);
    assertEquals(await soon(count(theirs, () => {}), "the end"), 0);
  },
  async "end when all are closed, while they are waited for"({ peerEvents, connect }) {
    const { theirs } = await connect();
    const counting = count(theirs, () => {});
    await quiet(theirs);
    peerEvents.close();
    assertEquals(await soon(counting, "the end"), 0);
  },
  async "begin with one that came before, and that nobody took"({ connect }) {
    const { ours, theirs } = await connect();
    ours.notify();
    await quiet(ours);
    for await (const _ of theirs.events()) break;
    await quiet(theirs);
  },
  async "come to each iterator, however late it asks"({ connect }) {
    const { ours, theirs } = await connect();
    const [eager, lazy] = [theirs.events(), theirs.events()];
    const first = eager.next();
    ours.notify();
    assertEquals((await soon(first, "an event")).done, false);
    assertEquals((await soon(lazy.next(), "the same event")).done, false);
    const both = Promise.all([eager.next(), lazy.next()]);
    ours.notify();
    assertEquals((await soon(both, "an event")).map(({ done }) => done), [false, false]);
    await eager.return!();
    await lazy.return!();
    await quiet(theirs);
  },
  async "answer each `next()` by an event of its own"({ connect }) {
    const { ours, theirs } = await connect();
    const events = theirs.events();
    let answered = 0;
    const answers = [1, 2, 3].map(() => events.next().then(() => answered++));
    for (const [index, answer] of answers.entries()) {
      await quiet(ours);
      assertEquals(answered, index);
      ours.notify();
      await soon(answer, `event ${index}`);
    }
    await events.return!();
  },
  async "end by `return()`, even while they are waited for"({ connect }) {
    const { ours, theirs } = await connect();
    const events = theirs.events();
    const next = events.next();
    await soon(events.return!(), "the end");
    assertEquals((await soon(next, "the end")).done, true);
    assertEquals((await events.next()).done, true);
    ours.notify();
    await comes(theirs);
  },
  async "throw the reason of the signal, once"({ connect }) {
    const { theirs } = await connect();
    const controller = new AbortController();
    const events = theirs.events({ signal: controller.signal });
    const next = events.next();
    const reason = new Error("enough");
    controller.abort(reason);
    let thrown: unknown;
    await soon(next, "the reason").catch((error) => thrown = error);
    assertEquals(thrown, reason);
    assertEquals((await events.next()).done, true);
  },
};
