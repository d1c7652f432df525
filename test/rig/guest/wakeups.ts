/** How quickly an event wakes who waits for it, and what waiting costs. Figures; only a wait that is busy fails. */

import { assert } from "../../conformance/asserts.ts";
import type { Peer } from "./peers.ts";

const EVENTS = 300;
/** Between two events: long enough for whoever waits to sleep again. */
const PAUSE_MICROSECONDS = 5000;
const IDLE_MILLISECONDS = 2000;

/** A figure of wake-ups, in microseconds from the event to the waiter's next instruction. */
export interface Wakeups {
  readonly median: number;
  readonly most: number;
  /** The share of one processor that waiting took, in per cent. */
  readonly waiting: number;
  /** The same of a program that waits for no event. */
  readonly idle: number;
}

/** Has one program send events, and another one of the same domain, and so of the same clock, wait for them. */
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
  // Last, as a program that has just begun is busy with itself.
  const idle = await work(waiter);
  return {
    median: Math.round(median / 1000),
    most: Math.round(most / 1000),
    waiting,
    idle,
  };
}

/** The share of a processor that a program takes while nothing comes, in per cent. */
async function work(peer: Peer): Promise<number> {
  const [nanoseconds] = await peer.ask("idle", IDLE_MILLISECONDS) as [number];
  return nanoseconds / 1e6 / IDLE_MILLISECONDS * 100;
}
