import type { EventChannel } from "../../mod.ts";

/** How long to wait for what must happen, in milliseconds: a limit for what hangs, not for what is slow. */
const LONG = 30_000;
/** How long to wait for what must not happen. */
const SHORT = 50;

/** Throws unless a promise is settled before the deadline. */
export async function deadline<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing for ${LONG} ms`)), LONG);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer!);
  }
}

/** Throws unless an event arrives before the deadline. */
export function nextEvent(channel: EventChannel): Promise<void> {
  return deadline(channel.wait(), `an event on port ${channel.port}`);
}

/**
 * Does something with a signal that is aborted after a time, in milliseconds. Unlike `AbortSignal.timeout`, this keeps
 * a program alive under Node. Waiting on the simulated Xen does not either, so the program could end first.
 */
export async function withTimeout<T>(milliseconds: number, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  try {
    return await use(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws if an event arrives, or has arrived. */
export function assertNoEvent(channel: EventChannel): Promise<void> {
  return withTimeout(SHORT, async (signal) => {
    try {
      await channel.wait({ signal });
    } catch (error) {
      if (signal.aborted && error === signal.reason) return;
      throw error;
    }
    throw new Error(`an event arrived on port ${channel.port} that nobody sent`);
  });
}
