import type { EventChannel } from "../../mod.ts";

/** How long to wait for what must come, in milliseconds: a limit for what hangs, not for what is slow. */
const LONG = 30_000;
/** How long to wait for what must not come. */
const SHORT = 50;

/** Throws unless a promise is settled before long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
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

/** Throws unless an event comes before long. */
export function comes(channel: EventChannel): Promise<void> {
  return soon(channel.wait(), `an event on port ${channel.port}`);
}

/**
 * Does something with a signal that is aborted after a time, in milliseconds. Under Node `AbortSignal.timeout` does not keep the
 * program alive, and waiting on the simulated machine does not either: a program that does nothing else would end.
 */
export async function until<T>(milliseconds: number, use: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  try {
    return await use(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws if an event comes, or has come. */
export function quiet(channel: EventChannel): Promise<void> {
  return until(SHORT, async (signal) => {
    try {
      await channel.wait({ signal });
    } catch (error) {
      if (signal.aborted && error === signal.reason) return;
      throw error;
    }
    throw new Error(`an event came on port ${channel.port} that nobody sent`);
  });
}
