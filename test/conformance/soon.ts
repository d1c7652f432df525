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

/** Throws if an event comes, or has come. */
export async function quiet(channel: EventChannel): Promise<void> {
  const signal = AbortSignal.timeout(SHORT);
  try {
    await channel.wait({ signal });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return;
    throw error;
  }
  throw new Error(`an event came on port ${channel.port} that nobody sent`);
}
