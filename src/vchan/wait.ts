import type { Life } from "./life.ts";
import type { Pace } from "./pace.ts";
import type { Lookout, Spin } from "./spin.ts";

/** The end of a ring, as far as a wait for an event needs it. */
export interface RingEnd extends Lookout {
  /** Asks the other side for an event, and looks again: it may have come before it was asked. */
  ask(): number;
}

/**
 * Decides whether a call has to wait. Nothing else asks for events, so that a test can run this in every order of
 * accesses to the shared page.
 */
export class Wait {
  readonly #ring: RingEnd;
  readonly #life: Pick<Life, "peerIsGone">;
  readonly #pace: Pace;
  readonly #spin: Spin;

  /**
   * @param life Knows whether the other side has left.
   * @param spin Looks for a while before an event is asked for.
   */
  constructor(ring: RingEnd, life: Pick<Life, "peerIsGone">, pace: Pace, spin: Spin) {
    this.#ring = ring;
    this.#life = life;
    this.#pace = pace;
    this.#spin = spin;
  }

  /**
   * Whether there is nothing to wait for: some bytes are there, or so much room, or the other side has left. Otherwise,
   * either the event loop has to turn, or an event will come.
   *
   * @throws {BrokenRing} if the index of the other side is wrong.
   */
  isOver(wanted: number): boolean {
    if (this.#life.peerIsGone()) return true;
    if (this.#pace.isDue) return false;
    if (this.#spin.until(this.#ring, wanted)) {
      this.#pace.spun();
      return true;
    }
    return this.#ring.ask() >= wanted || this.#life.peerIsGone();
  }
}
