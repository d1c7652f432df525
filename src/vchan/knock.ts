import { startTimer, stopTimer } from "../contract/event_loop.ts";
import type { RingWriter } from "./ring_writer.ts";

/** How long the server has to read the first bytes before it gets another event, in milliseconds. Doubles each time. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 3200;

/**
 * Sends events to a server until it has read the first bytes of this client.
 *
 * Xen's `vchan-socket-proxy` takes the next event for the client, and looks for bytes only after one more. If the client
 * has come and has written before the server runs, Xen makes one of both events, and both sides would wait for ever. To
 * a server that was only slow, one too many does no harm.
 */
export class Knock {
  readonly #notify: () => void;
  readonly #peerIsHere: () => boolean;
  #pause = FIRST_PAUSE;
  #timer: ReturnType<typeof startTimer> | undefined;
  #isOver = false;

  /**
   * @param notify Sends an event.
   * @param peerIsHere Whether the server is still there.
   */
  constructor(notify: () => void, peerIsHere: () => boolean) {
    this.#notify = notify;
    this.#peerIsHere = peerIsHere;
  }

  /** Begins, as bytes were announced. Does nothing if that was done before. */
  begin(writer: RingWriter): void {
    if (this.#isOver || this.#timer !== undefined) return;
    this.#timer = startTimer(() => this.#again(writer), this.#pause);
  }

  #again(writer: RingWriter): void {
    this.#timer = undefined;
    try {
      if (writer.wasRead || !this.#peerIsHere()) return this.stop();
      this.#notify();
    } catch {
      // The system fails, or the program of the mock was killed: whoever uses the connection learns it.
      return this.stop();
    }
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    this.begin(writer);
  }

  /** Ends it. It does not access the memory any more, which may be given back. */
  stop(): void {
    this.#isOver = true;
    stopTimer(this.#timer);
    this.#timer = undefined;
  }
}
