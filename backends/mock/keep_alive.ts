/**
 * Keeps the program alive while it waits for an event, as a device does. Node and Deno end a program that only waits
 * for a promise.
 *
 * @module
 */

import { LONGEST_DELAY } from "../../src/contract/event_loop.ts";

// Taken when the module is loaded: fake timers would not keep the program alive.
const { setInterval, clearInterval } = globalThis;

let waits = 0;
let timer: ReturnType<typeof setInterval>;

/** Keeps the program alive until {@linkcode endWait} is called. */
export function beginWait(): void {
  waits++;
  if (waits === 1) timer = setInterval(() => {}, LONGEST_DELAY);
}

/** Ends a wait. After the last one, the program may end. */
export function endWait(): void {
  waits--;
  if (waits === 0) clearInterval(timer);
}
