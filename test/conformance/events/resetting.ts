import type { EventFile } from "../../../src/contract/backend.ts";
import { GrantError } from "../../../mod.ts";
import { assert, assertEquals, assertRefused } from "../asserts.ts";
import type { EventsTests } from "./setup.ts";
import { assertNoEvent, deadline, nextEvent } from "../timing.ts";

/** More events than the ring of a file with one port has room for, if it can overflow. */
const MANY = 5000;

/** Whether a file has lost events. Takes those that it has not. */
function lost(file: EventFile): boolean {
  try {
    file.pending();
  } catch (error) {
    assert(error instanceof GrantError, `expected a GrantError, got ${error}`);
    assertEquals(error.code, "events-lost");
    return true;
  }
  return false;
}

/** Waits until a file has events, or has lost some. */
function untilPending(file: EventFile): Promise<void> {
  return deadline(new Promise((resolve) => void file.whenPending(resolve)), "an event");
}

/** Continuing after events were lost. */
export const resetting: EventsTests = {
  async "wakes everyone who waits, and counts as an event for the others"({ peerEvents, connect }) {
    const [first, second] = [await connect(), await connect()];
    const waits = [first.theirs.wait(), first.theirs.wait()];
    const iterator = first.theirs.events();
    const next = iterator.next();
    await assertNoEvent(first.ours);
    peerEvents.reset();
    await deadline(Promise.all(waits), "two waits");
    assertEquals((await deadline(next, "an event")).done, false);
    await iterator.return!();
    await nextEvent(second.theirs);
    for (const { theirs } of [first, second]) await assertNoEvent(theirs);
  },
  async "lets events arrive on all channels, whether one was taken, untaken or never sent"({ peerEvents, connect }) {
    const pairs = [await connect(), await connect(), await connect()];
    const [taken, untaken] = pairs;
    taken!.ours.notify();
    await nextEvent(taken!.theirs);
    // Unmasks the port. Otherwise the event would wait in Xen, where no reset drops it.
    await assertNoEvent(untaken!.theirs);
    untaken!.ours.notify();
    await assertNoEvent(untaken!.ours);
    peerEvents.reset();
    for (const { theirs } of pairs) await nextEvent(theirs);
    for (const { theirs } of pairs) await assertNoEvent(theirs);
    for (const { ours, theirs } of pairs) {
      ours.notify();
      await nextEvent(theirs);
      theirs.notify();
      await nextEvent(ours);
    }
    for (const { theirs } of pairs) await assertNoEvent(theirs);
  },
  "does nothing before a channel is bound, and is refused once all are closed"({ events }) {
    events.reset();
    events.close();
    assertRefused(() => events.reset(), "closed");
  },
  async "ends the loss of events, in a file whose ring can overflow"({ target }) {
    const file = target.domain.events.open();
    const peer = target.peer.events.open();
    try {
      const port = file.bindUnbound(target.peerDomid);
      const peerPort = peer.bindInterdomain(target.domid, port);
      // A port that is unmasked before its event was taken gets another place in the ring.
      for (let event = 0; event < MANY; event++) {
        peer.unmask(peerPort);
        file.notify(port);
      }
      await untilPending(peer);
      if (!lost(peer)) return;
      await untilPending(peer);
      assertEquals(lost(peer), true, "the loss is reported until the reset");
      peer.reset();
      peer.unmask(peerPort);
      // The last event may arrive now.
      await new Promise((resolve) => setTimeout(resolve, 50));
      assertEquals(lost(peer), false);
      peer.unmask(peerPort);
      file.notify(port);
      await untilPending(peer);
      assertEquals(peer.pending(), [peerPort]);
    } finally {
      file.close();
      peer.close();
    }
  },
};
