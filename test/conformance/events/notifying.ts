import { assertEquals } from "../asserts.ts";
import type { EventsTests } from "./setup.ts";
import { assertNoEvent, nextEvent, withTimeout } from "../timing.ts";

/** Sending events. */
export const notifying: EventsTests = {
  async "wakes the other end, in both directions"({ connect }) {
    const { ours, theirs } = await connect();
    ours.notify();
    await nextEvent(theirs);
    theirs.notify();
    await nextEvent(ours);
    await assertNoEvent(theirs);
    await assertNoEvent(ours);
  },
  async "wakes no other channel"({ connect }) {
    const [first, second] = [await connect(), await connect()];
    first.ours.notify();
    await assertNoEvent(second.theirs);
    await assertNoEvent(second.ours);
    await assertNoEvent(first.ours);
    await nextEvent(first.theirs);
  },
  async "says nothing where nobody is bound to the other end"({ events, target, connect }) {
    const alone = events.bindUnbound(target.peerDomid);
    alone.notify();
    await assertNoEvent(alone);
    const { ours, theirs } = await connect();
    theirs.unbind();
    ours.notify();
    await assertNoEvent(ours);
  },
  async "is one event where many are sent, or two, and at least one after the last"({ connect }) {
    const { ours, theirs } = await connect();
    for (let round = 0; round < 100; round++) ours.notify();
    await nextEvent(theirs);
    // One that came while the first waited to be taken may be told of by itself.
    let more = 0;
    try {
      await withTimeout(100, async (signal) => {
        for await (const _ of theirs.events({ signal })) more++;
      });
    } catch {
      // So long nothing came.
    }
    assertEquals(more <= 1, true, `${more} more events came`);
    ours.notify();
    await nextEvent(theirs);
    await assertNoEvent(theirs);
  },
  async "wakes 2,000 times to and fro"({ connect }) {
    const { ours, theirs } = await connect();
    const rounds = 2000;
    const echo = async () => {
      for (let round = 0; round < rounds; round++) {
        await nextEvent(theirs);
        theirs.notify();
      }
    };
    const call = async () => {
      for (let round = 0; round < rounds; round++) {
        ours.notify();
        await nextEvent(ours);
      }
    };
    await Promise.all([echo(), call()]);
    await assertNoEvent(ours);
    await assertNoEvent(theirs);
  },
  async "wakes a channel of the same process and of another file"({ events, another, target }) {
    // Both ends in one domain, where the other domain is this one.
    if (target.domid !== target.peerDomid) return;
    const one = events.bindUnbound(target.domid);
    const other = another().bindInterdomain(target.domid, one.port);
    await nextEvent(other);
    other.notify();
    await nextEvent(one);
  },
};
