/**
 * Scenarios in which one side goes away, and the other sees the unmap notify that it has set, on a page that it shares
 * or on a page that it maps.
 */

import { assertEquals } from "../../conformance/asserts.ts";
import type { Peer } from "./peers.ts";
import { pause } from "./until.ts";

/** Whether the side that goes away shares the page (gntalloc) or maps it (gntdev). */
type Role = "granter" | "mapper";

/** The byte that the notify clears, and another one that it may clear instead. */
const BYTE = 7;
const OTHER_BYTE = 9;
const NOTHING = -1;
/** How long no event must come, and how long an event may take. */
const QUIET_MILLISECONDS = 300;
const EVENT_MILLISECONDS = 20_000;

/**
 * One page between two sides, with a notify that one side sets and the other sees, and the handles and ports of both.
 */
export interface Watched {
  readonly watcher: Peer;
  readonly role: Role;
  readonly goer: Peer;
  readonly gref: number;
  readonly handle: number;
  readonly port: number;
  readonly goersHandle: number;
  readonly goersPort: number;
}

/** Makes such a page, with both bytes set to 1 and the notify set. */
export async function watch(watcher: Peer, role: Role, goer: Peer): Promise<Watched> {
  const [goersPort] = await goer.ask("bind-unbound", watcher.domid) as [number];
  let handle: number, goersHandle: number, gref: number;
  if (role === "granter") {
    [goersHandle, gref] = await goer.ask("share-notify", watcher.domid, 1, BYTE, goersPort) as [number, number];
    [handle] = await watcher.ask("map", goer.domid, 1, gref) as [number];
  } else {
    [handle, gref] = await watcher.ask("share", goer.domid, 1, 1) as [number, number];
    [goersHandle] = await goer.ask("map-notify", watcher.domid, 1, BYTE, goersPort, gref) as [number];
  }
  const [port] = await watcher.ask("bind-interdomain", goer.domid, goersPort) as [number];
  assertEquals(await watcher.ask("wait", EVENT_MILLISECONDS), [port], "a channel begins with an event");
  const watched = { watcher, role, goer, gref, handle, port, goersHandle, goersPort };
  await mark(watched);
  await assertQuiet(watched);
  return watched;
}

/** Makes the other side free or unmap the page, and live on. */
export async function letGo({ goer, role, goersHandle, goersPort }: Watched): Promise<void> {
  await goer.ask(role === "granter" ? "unshare" : "unmap", goersHandle);
  await goer.ask("unbind", goersPort);
}

/**
 * Checks that each notify has come once, first the byte and then the event. Then frees and closes what the watcher has.
 *
 * @param all The notifies of one watcher, which may come in any order.
 */
export async function assertNotified(...all: Watched[]): Promise<void> {
  const { watcher } = all[0]!;
  const left = [...all];
  while (left.length > 0) {
    const [came] = await watcher.ask("wait", EVENT_MILLISECONDS);
    const index = left.findIndex(({ port }) => port === came);
    if (index < 0) throw new Error(`port ${came}: ${came === 0 ? "nothing has come" : "an event too many"}`);
    const [watched] = left.splice(index, 1) as [Watched];
    assertEquals(await bytes(watched), [0, 1], "the byte was cleared before the event");
    await mark(watched);
  }
  await assertNotNotified(...all);
}

/** Checks that no notify has come, and that none comes. Then frees and closes what the watcher has. */
export async function assertNotNotified(...all: Watched[]): Promise<void> {
  for (const watched of all) {
    await assertQuiet(watched);
    await finish(watched);
  }
}

/** Changes the notify, or cancels it. The last change counts. */
export async function assertChanges(watcher: Peer, role: Role, goer: Peer): Promise<void> {
  const otherByte = await watch(watcher, role, goer);
  await goer.ask("change-notify", otherByte.goersHandle, OTHER_BYTE, NOTHING);
  await letGo(otherByte);
  assertEquals(await watcher.ask("wait", QUIET_MILLISECONDS), [0], "no event");
  assertEquals(await bytes(otherByte), [1, 0], "the other byte was cleared, and nothing else");
  await finish(otherByte);

  const onlyEvent = await watch(watcher, role, goer);
  await goer.ask("change-notify", onlyEvent.goersHandle, NOTHING, onlyEvent.goersPort);
  await letGo(onlyEvent);
  assertEquals(await watcher.ask("wait", EVENT_MILLISECONDS), [onlyEvent.port], "the event");
  await assertNotNotified(onlyEvent);

  const cancelled = await watch(watcher, role, goer);
  await goer.ask("change-notify", cancelled.goersHandle, NOTHING, NOTHING);
  await letGo(cancelled);
  await assertNotNotified(cancelled);
}

async function mark({ watcher, handle }: Watched): Promise<void> {
  await watcher.ask("write", handle, BYTE, 1, 0, 1);
}

async function bytes({ watcher, handle }: Watched): Promise<[number, number]> {
  const [byte, between, other] = await watcher.ask("read", handle, BYTE, 3);
  assertEquals(between, 0);
  return [byte!, other!];
}

/** Checks that no event comes, and that the bytes stay. */
async function assertQuiet(watched: Watched): Promise<void> {
  assertEquals(await watched.watcher.ask("wait", QUIET_MILLISECONDS), [0], "no event, or no more than one");
  assertEquals(await bytes(watched), [1, 1], "the bytes stay as they are");
}

async function finish({ watcher, role, goer, gref, handle, port }: Watched): Promise<void> {
  await watcher.ask(role === "granter" ? "unmap" : "unshare", handle);
  await watcher.ask("unbind", port);
  if (role === "granter") await assertEnded(watcher, goer.domid, gref);
}

/** Waits until the page cannot be mapped any more. The kernel may end access by a timer. */
async function assertEnded(watcher: Peer, granter: number, gref: number): Promise<void> {
  for (let second = 0; second < 30; second++) {
    const again = await watcher.ask("map", granter, 0, gref).catch(() => undefined);
    if (again === undefined) return;
    await watcher.ask("unmap", again[0]!);
    await pause(1000);
  }
  throw new Error(`reference ${gref} can still be mapped`);
}
