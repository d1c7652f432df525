import type { EventFile } from "../contract/backend.ts";
import type { Calls } from "../shared/call_guard.ts";
import { show } from "../contract/checks.ts";

/** Who is told of the events on a port. */
export interface EventTaker {
  /** An event has come. Says whether it is news: whether the port was not masked already. */
  came(): boolean;
  /** Events cannot be had: whoever waits is told. */
  fail(error: unknown): void;
}

/** A wait of the backend's, and how it is stopped. */
interface Wait {
  stop?: unknown;
}

/** How many ports a domain can have. */
const PORTS = 0x2_0000;

/**
 * Takes events out of one file for all its ports: while anybody waits, and only then, it has the backend wait.
 *
 * A backend that calls back too often, too early or for nothing does no harm: each wait is answered once, outside of any other
 * call, and after an answer that was no news the next wait begins in a later turn of the loop.
 */
export class EventPump {
  readonly #file: EventFile;
  readonly #calls: Calls;
  readonly #takers: ReadonlyMap<number, EventTaker>;
  /** How many wait. */
  #waiting = 0;
  /** The backend's wait, if one is under way. */
  #wait: Wait | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** @param takers Who is told, by port. */
  constructor(file: EventFile, calls: Calls, takers: ReadonlyMap<number, EventTaker>) {
    this.#file = file;
    this.#calls = calls;
    this.#takers = takers;
  }

  /** One more waits. If the backend cannot, everybody is told. */
  join(): void {
    this.#waiting++;
    if (!this.#wait && this.#pause === undefined) this.#start();
  }

  /** One less waits; with the last one the backend stops waiting. */
  leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    const wait = this.#wait;
    this.#wait = undefined;
    stop(wait);
  }

  #start(): void {
    const wait: Wait = {};
    this.#wait = wait;
    try {
      wait.stop = this.#calls.make("wait", () => this.#file.whenPending(() => this.#called(wait)));
    } catch (error) {
      if (this.#wait === wait) this.#wait = undefined;
      this.#fail(error);
      return;
    }
    // The last one may have left in the middle of that call, when there was nothing to stop yet.
    if (this.#wait !== wait) stop(wait);
  }

  #called(wait: object): void {
    if (this.#wait !== wait) return;
    // In the middle of a call, perhaps of the one that began this wait, is no time for another one.
    if (this.#calls.busy) queueMicrotask(() => this.#take(wait));
    else this.#take(wait);
  }

  #take(wait: object): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    let news = false;
    try {
      const ports = this.#calls.make("wait", () => checkPorts(this.#file.pending()));
      for (const port of ports) news = this.#takers.get(port)?.came() || news;
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#waiting === 0) return;
    if (news) return this.#start();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#start();
    }, 0);
  }

  #fail(error: unknown): void {
    for (const taker of this.#takers.values()) taker.fail(error);
  }
}

function stop(wait: Wait | undefined): void {
  try {
    if (typeof wait?.stop === "function") wait.stop();
  } catch {
    // Nobody needs it any more. If it calls back in spite of all, that is ignored.
  }
}

/** Throws unless these are ports; gives a copy. Whose they are is not looked at. */
function checkPorts(ports: readonly number[]): number[] {
  if (!Array.isArray(ports) || ports.length > PORTS) {
    throw new TypeError(`it must say which ports are pending in an array: it said ${show(ports)}`);
  }
  const copy: number[] = [];
  for (let index = 0, { length } = ports; index < length && index < PORTS; index++) copy.push(ports[index]!);
  return copy;
}
