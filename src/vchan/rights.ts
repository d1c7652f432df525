import type { XenStore } from "../xenstore/store.ts";
import type { PeerDomain } from "./peer_domain.ts";
import type { Publication } from "./publication.ts";
import { sleep } from "./sleep.ts";

/** How often to ask for a domain that XenStore does not tell of, in milliseconds. */
const PERIOD = 1000;

/**
 * Waits until the client's domain is there, and gives it the rights to the keys again: XenStore has ignored those that
 * were given before.
 *
 * @param signal Ends the waiting.
 */
export async function allowWhenThere(
  { store, peer }: { readonly store: XenStore; readonly peer: PeerDomain },
  publication: Publication,
  signal: AbortSignal,
): Promise<void> {
  const news = await peer.isPrivileged() ? store.watch("@introduceDomain", { signal }) : ticks(signal);
  for await (const _ of news) {
    if (!await peer.isThere()) continue;
    await publication.allowAgain();
    return;
  }
}

/** Waits again and again, for a second each. */
async function* ticks(signal: AbortSignal): AsyncGenerator<void> {
  while (!signal.aborted) {
    yield;
    await sleep(PERIOD, signal);
  }
}
