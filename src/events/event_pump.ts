import { show } from "../contract/checks.ts";
import type { EventFile } from "../contract/event_backend.ts";
import { nextTurn, startTimer, stopTimer } from "../contract/event_loop.ts";
import { MAX_PORT } from "../contract/limits.ts";
import type { CallGuard } from "../shared/call_guard.ts";

/** Receives the events of a port. */
export interface EventTaker {
  /** An event has arrived. Returns whether it is news: whether the port was unmasked before. */
  onEvent(): boolean;
  /** No events can be received: fails everyone who waits. */
  fail(error: unknown): void;
}

/** One wait of the backend, and how to stop it. */
interface Wait {
  stop?: unknown;
}

/**
 * Takes events from one file for all its ports. The backend waits only while someone here waits.
 *
 * A backend that calls back too often, too early or for no reason does no harm: each wait is answered once, outside any
 * other call. If an answer brought nothing new, the next wait begins in a later turn of the event loop.
 */
export class EventPump {
  readonly #file: EventFile;
  readonly #guard: CallGuard;
  readonly #takers: ReadonlyMap<number, EventTaker>;
  #waiting = 0;
  /** The backend's wait, if one is under way. */
  #wait: Wait | undefined;
  #pause: ReturnType<typeof startTimer> | undefined;

  /** @param takers What receives the events, by port. */
  constructor(file: EventFile, guard: CallGuard, takers: ReadonlyMap<number, EventTaker>) {
    this.#file = file;
    this.#guard = guard;
    this.#takers = takers;
  }

  /** How many are waiting. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Adds a waiter. If the backend cannot wait, everyone who waits is told. */
  addWaiter(): void {
    this.#waiting++;
    if (!this.#wait && this.#pause === undefined) this.#start();
  }

  /** Removes a waiter. After the last one, the backend stops waiting. */
  removeWaiter(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    stopTimer(this.#pause);
    this.#pause = undefined;
    const wait = this.#wait;
    this.#wait = undefined;
    stop(wait);
  }

  #start(): void {
    const wait: Wait = {};
    this.#wait = wait;
    try {
      wait.stop = this.#guard.make("wait", () => this.#file.whenPending(() => this.#onPending(wait)));
    } catch (error) {
      if (this.#wait === wait) this.#wait = undefined;
      this.#fail(error);
      return;
    }
    // The last waiter may have left in the middle of that call, when there was nothing to stop yet.
    if (this.#wait !== wait) stop(wait);
  }

  #onPending(wait: object): void {
    if (this.#wait !== wait) return;
    // The backend may be in the middle of a call, perhaps of the one that began this wait.
    if (this.#guard.busy) nextTurn(() => this.#take(wait));
    else this.#take(wait);
  }

  #take(wait: object): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    let news: boolean;
    try {
      news = this.#distribute();
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#waiting === 0) return;
    if (news) return this.#start();
    this.#pause = startTimer(() => {
      this.#pause = undefined;
      this.#start();
    }, 0);
  }

  /**
   * Takes the events that have arrived, without waiting.
   *
   * @throws {GrantError} if the backend fails. Everyone who waits fails, too.
   */
  poll(): void {
    try {
      this.#distribute();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** Takes the events that have arrived, and hands them to the ports. Returns whether any was news. */
  #distribute(): boolean {
    const ports = this.#guard.make("wait", () => checkPorts(this.#file.pending()));
    let news = false;
    for (const port of ports) news = this.#takers.get(port)?.onEvent() || news;
    return news;
  }

  #fail(error: unknown): void {
    for (const taker of this.#takers.values()) taker.fail(error);
  }
}

function stop(wait: Wait | undefined): void {
  try {
    if (typeof wait?.stop === "function") wait.stop();
  } catch {
    // Nobody needs the wait any more. If it calls back anyway, that is ignored.
  }
}

/**
 * Throws unless a backend has returned an array that may be one of ports. Returns a copy. Does not check whether they
 * are bound ports.
 */
function checkPorts(ports: readonly number[]): number[] {
  if (!Array.isArray(ports) || ports.length > MAX_PORT + 1) {
    throw new TypeError(`it must return the pending ports in an array: it returned ${show(ports)}`);
  }
  const copy: number[] = [];
  // By index, and bounded: the backend's array may override its iterator, and may change.
  for (let index = 0, { length } = ports; index < length && index <= MAX_PORT; index++) copy.push(ports[index]!);
  return copy;
}
