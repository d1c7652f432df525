/** Measures how quickly an event wakes a program that waits for it, and what waiting costs. Only a busy wait fails. */

import { assert } from "../../conformance/asserts.ts";
import type { Peer } from "./peers.ts";

const EVENTS = 300;
/** The time between two events: long enough for the waiter to sleep again. */
const PAUSE_MICROSECONDS = 5000;
const IDLE_MILLISECONDS = 2000;

/** The time from an event to the waiter's next instruction, in microseconds. */
interface Wakeups {
  readonly median: number;
  readonly most: number;
  /** The share of one processor that waiting took, in percent. */
  readonly waiting: number;
  /** The same for a program that waits for no event. */
  readonly idle: number;
}

/** Makes one program send events, and another one wait for them, in the same domain and so on the same clock. */
export async function measureWakeups(sender: Peer, waiter: Peer): Promise<Wakeups> {
  const [shared, gref] = await sender.ask("share", waiter.domid, 1, 1) as [number, number];
  const [mapped] = await waiter.ask("map", sender.domid, 1, gref) as [number];
  const [port] = await sender.ask("bind-unbound", waiter.domid) as [number];
  const [remote] = await waiter.ask("bind-interdomain", sender.domid, port) as [number];
  const [[median, most]] = await Promise.all([
    waiter.ask("clock", EVENTS, mapped) as Promise<[number, number]>,
    sender.ask("tick", EVENTS, PAUSE_MICROSECONDS, shared, port),
  ]);
  // The last event may have come after what it says was seen.
  await waiter.ask("wait", 200);
  const waiting = await work(waiter);
  assert(waiting < 50, `to wait took ${waiting} % of a processor`);
  await waiter.ask("unmap", mapped);
  await waiter.ask("unbind", remote);
  await sender.ask("unshare", shared);
  await sender.ask("unbind", port);
  // Last, as a program is busy right after its start.
  const idle = await work(waiter);
  return {
    median: Math.round(median / 1000),
    most: Math.round(most / 1000),
    waiting,
    idle,
  };
}

/** Returns the share of a processor that a program takes while no event comes, in percent. */
async function work(peer: Peer): Promise<number> {
  const [nanoseconds] = await peer.ask("idle", IDLE_MILLISECONDS) as [number];
  return nanoseconds / 1e6 / IDLE_MILLISECONDS * 100;
}
