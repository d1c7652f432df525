/**
 * The event loop, as this module found it when it was loaded: fake timers of a test framework, which replace the
 * globals later, hold up neither events nor retries.
 *
 * @module
 */

/** Globals that a platform may lack. */
interface Globals {
  readonly setImmediate?: (task: () => void) => unknown;
  readonly MessageChannel?: new () => MessageChannel;
}

const { setTimeout, clearTimeout, queueMicrotask } = globalThis;
const { setImmediate, MessageChannel } = globalThis as unknown as Globals;

/** The longest delay of a timer, in milliseconds: engines call back at once after a longer one. */
export const LONGEST_DELAY: number = 2 ** 31 - 1;

/** The platform's `setTimeout`, even under fake timers. */
export const startTimer: typeof setTimeout = setTimeout;
/** The platform's `clearTimeout`, even under fake timers. */
export const stopTimer: typeof clearTimeout = clearTimeout;

/**
 * Starts a timer of the program: fake timers of a test framework control it.
 *
 * @returns A function that stops it.
 */
export function startProgramTimer(task: () => void, delay: number): () => void {
  // Both at once, because a test may put fake timers in place in the meantime.
  const { setTimeout, clearTimeout } = globalThis;
  const timer = setTimeout(task, delay);
  return () => clearTimeout(timer);
}

/** Runs a task after the microtasks that are due already, before timers and I/O, even under fake timers. */
export const nextMicrotask: typeof queueMicrotask = queueMicrotask;

/**
 * Runs a task in a later turn of the event loop, so that timers and I/O get their turn first. Tasks run in the order of
 * the calls. The program stays alive until then.
 */
export const nextTurn: (task: () => void) => void = setImmediate
  ? (task) => void setImmediate(task)
  : MessageChannel
  ? byMessages(MessageChannel)
  : (task) => void setTimeout(task, 0);

/** For browsers, which have no `setImmediate`, and delay nested timers by 4 ms. */
function byMessages(Channel: new () => MessageChannel): (task: () => void) => void {
  const tasks: (() => void)[] = [];
  let port: MessagePort | undefined;
  return (task) => {
    if (port === undefined) {
      const { port1, port2 } = new Channel();
      port1.onmessage = () => tasks.shift()!();
      port = port2;
    }
    tasks.push(task);
    port.postMessage(null);
  };
}
