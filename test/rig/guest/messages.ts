/**
 * Two programs in two domains send each other messages, through a page and an event channel in each direction. Every
 * message is checked.
 */

import type { Peer } from "./peers.ts";

/**
 * Makes two peers send messages to each other at the same time, each through a page that it shares. Returns how often
 * each side waited.
 */
export async function talk(a: Peer, b: Peer, count: number, slots: number): Promise<number[]> {
  const there = await way(a, b);
  const back = await way(b, a);
  const seeds = [count + 1, count + 2] as const;
  const waits = await Promise.all([
    a.ask("talk", count, slots, ...there.sender, seeds[0], ...back.receiver, seeds[1]),
    b.ask("talk", count, slots, ...back.sender, seeds[1], ...there.receiver, seeds[0]),
  ]);
  for (const peer of [a, b]) {
    // Take the events of the last messages, which nobody had to wait for.
    while ((await peer.ask("wait", 50))[0] !== 0);
  }
  for (
    const [sender, receiver, { sender: [shared, port], receiver: [mapped, remote] }] of [[a, b, there], [
      b,
      a,
      back,
    ]] as const
  ) {
    await receiver.ask("unmap", mapped);
    await receiver.ask("unbind", remote);
    await sender.ask("unshare", shared);
    await sender.ask("unbind", port);
  }
  return waits.flat();
}

/** Makes a page that one side shares, and an event channel. Returns the handle and the port of each side. */
async function way(sender: Peer, receiver: Peer) {
  const [shared, gref] = await sender.ask("share", receiver.domid, 1, 1) as [number, number];
  const [mapped] = await receiver.ask("map", sender.domid, 1, gref) as [number];
  const [port] = await sender.ask("bind-unbound", receiver.domid) as [number];
  const [remote] = await receiver.ask("bind-interdomain", sender.domid, port) as [number];
  return { sender: [shared, port], receiver: [mapped, remote] } as const;
}
