import { setTimeout as sleep } from "node:timers/promises";
import { ReaderGone } from "./exit.ts";
import type { Host } from "./host.ts";

/** What ends a hold. */
export interface HoldOptions {
  /** How long it lasts at most, in milliseconds. */
  readonly milliseconds: number | undefined;
  /** Ends it, too: the caller releases everything, and then looks at the signal. */
  readonly signal: AbortSignal;
  /** Ends it when it is fulfilled: the script that plays the other side. */
  readonly played: Promise<void> | undefined;
}

/** Waits until a key is pressed, or something else ends it. Never throws. */
export async function hold(host: Host, { milliseconds, signal, played }: HoldOptions): Promise<void> {
  const ended = new AbortController();
  const any = AbortSignal.any([signal, ended.signal]);
  const waits: Promise<unknown>[] = [lasting(milliseconds, any)];
  if (played !== undefined && milliseconds === undefined) waits.push(played);
  if (host.isInteractive) waits.push(host.key(any));
  await Promise.race(waits).catch(() => {});
  ended.abort();
  await Promise.allSettled(waits.slice(0, 1));
}

/** Waits for a time, or for ever. A timer keeps the program alive. */
async function lasting(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
  do await sleep(milliseconds ?? 1 << 30, undefined, { signal }); while (milliseconds === undefined);
}

/** Writes what a command shows before it holds something. It holds it for others, also if nobody reads that. */
export async function show(host: Host, data: string | Uint8Array): Promise<void> {
  try {
    await host.out(data);
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
  }
}
