import type { XenDomain } from "../contract/domain.ts";
import { GrantError } from "../contract/errors.ts";
import { EventChannels } from "../events/event_channels.ts";
import { GrantMapper } from "../maps/mapper.ts";
import type { Patience } from "../shared/patience.ts";
import { runAll } from "../shared/run_all.ts";
import { isPortShortage } from "../shared/shortage.ts";
import { XenStore } from "../xenstore/store.ts";
import { VchanError } from "./errors.ts";
import { type Choice, join, UsedMemoryError } from "./join.ts";
import { areSame, find, type Keys, portNode } from "./keys.ts";
import type { Link } from "./link.ts";
import type { Obstacle } from "./obstacle.ts";
import { resolvePath } from "./path.ts";
import { PeerDomain } from "./peer_domain.ts";
import { sleep } from "./sleep.ts";

/**
 * How long to wait before trying again keys whose port is refused, in milliseconds. It may be bound by another client:
 * a server in C serves its next client with the same keys, in the same memory.
 */
const PAUSE = 250;
/**
 * How long to wait before looking again at memory that another client has used, in milliseconds: a server in C first has
 * to notice that it has left, or would take both for one.
 */
const USED_PAUSE = 100;
/**
 * After so many pauses, such memory is joined whatever the server has noticed. A client of this library leaves it in a
 * state that shows that, but not every server lets it see: one may notice before, or without asking for events.
 */
const USED_PAUSES = 20;

/** A client that has joined its server. */
export interface Joined {
  readonly link: Link;
  readonly path: string;
  /** Notices the end of the server's domain. */
  readonly watcher: PeerDomain;
  /** Closes what the connection was made with. */
  close(): void;
}

/**
 * Waits for a server, and joins it.
 *
 * @param obstacle Is told why this takes so long.
 * @param isOnce Whether to look only once.
 */
export async function joinWhenThere(
  domain: Pick<XenDomain, "maps" | "events" | "store">,
  server: number,
  given: string | number,
  patience: Patience,
  obstacle: Obstacle,
  isOnce: boolean,
): Promise<Joined> {
  const { signal } = patience;
  const store = await XenStore.open(domain, { signal });
  const mapper = new GrantMapper(domain);
  const events = new EventChannels(domain);
  const close = () => runAll(() => mapper.close(), () => events.close(), () => store.close());
  try {
    const path = obstacle.path = resolvePath("connect", given, server, await store.ownDomid({ signal }));
    const attempt = (keys: Keys, choice: Choice) => ({ link: join(mapper, events, server, keys, choice), keys });
    const { link, keys } = await retry(store, path, attempt, signal, obstacle, isOnce);
    const watcher = new PeerDomain(store, mapper, { domid: server, gref: keys.gref, node: portNode(path) });
    return { link, path, watcher, close: () => runAll(() => watcher.close(), close) };
  } catch (error) {
    try {
      close();
    } catch {
      // The first error is the one that counts.
    }
    throw error;
  }
}

/**
 * Tries the keys whenever they may have changed, and those of a place that another client may have now and then, until
 * they work.
 *
 * @param attempt Tries them. What it may join depends on how long they have named the same used memory.
 */
async function retry<Value>(
  store: XenStore,
  path: string,
  attempt: (keys: Keys, choice: Choice) => Value,
  signal: AbortSignal,
  obstacle: Obstacle,
  isOnce: boolean,
): Promise<Value> {
  const watch = store.watch(portNode(path), { signal });
  try {
    let news: Promise<unknown> | undefined;
    let tried: Keys | undefined;
    /** How many pauses the keys have named the same used memory. */
    let pauses = 0;
    for (;;) {
      // The call is kept if the pause is over first, as it takes the next event.
      news ??= watch.next().then(() => news = undefined);
      // If it fails while nobody waits for it, the next call says so.
      news.catch(() => {});
      const isPause = await orPause(news, pauseAfter(obstacle.error));
      const keys = await find(store, path, signal);
      if (typeof keys === "string") {
        obstacle.found = keys;
        tried = undefined;
      } else {
        const isUsed = areSame(keys, tried) && obstacle.error instanceof UsedMemoryError;
        pauses = isUsed ? pauses + (isPause ? 1 : 0) : 0;
        tried = keys;
        try {
          return attempt(keys, pauses === 0 ? "unused" : pauses < USED_PAUSES ? "noticed" : "any");
        } catch (error) {
          if (!isObstacle(error)) throw error;
          obstacle.found = error;
        }
      }
      if (isOnce) throw obstacle.late(0);
    }
  } finally {
    watch.close();
  }
}

/** Whether keys that do not work now may be replaced by others that do, or begin to work. */
function isObstacle(error: unknown): error is GrantError | VchanError {
  if (error instanceof VchanError) return error.code === "stale";
  if (!(error instanceof GrantError)) return false;
  // A lack of ports of this side's own has nothing to do with the keys.
  return error.code === "map-refused" || error.code === "port-refused" && !isPortShortage(error);
}

/**
 * How long to wait before trying the same keys again. Endless if they name no server: what they name later may be the
 * memory of another one, of another path.
 */
function pauseAfter(error: GrantError | VchanError | undefined): number {
  if (error instanceof UsedMemoryError) return USED_PAUSE;
  return error?.code === "port-refused" ? PAUSE : Infinity;
}

/** Waits for news, but not longer than some milliseconds. Returns whether none came. */
async function orPause(news: Promise<unknown>, pause: number): Promise<boolean> {
  if (pause === Infinity) {
    await news;
    return false;
  }
  const over = new AbortController();
  try {
    return await Promise.race([news.then(() => false), sleep(pause, over.signal).then(() => true)]);
  } finally {
    over.abort();
  }
}
