/** The end of a ring, as far as a wait needs it. */
export interface Lookout {
  /** How many bytes there are to read, or there is room for. */
  look(): number;
}

// Taken when the module is loaded: under fake timers, the clock would stand still.
const now: () => number = performance.now.bind(performance);
/** Passes some 50 ns: tells the processor that this loop waits, or looks at the clock where that cannot be told. */
const pause: () => unknown = (Atomics as { readonly pause?: () => void }).pause ?? now;

/**
 * The most pauses between two looks: each look takes the index from the cache of the processor that writes it, which
 * slows the other side down.
 */
const MOST_PAUSES = 16;
/** The most looks a microsecond: the clock of some platforms stands still until the program waits. */
const MOST_LOOKS = 10;
/** So many bytes are worth a read of their own. */
export const FEW_BYTES = 1024;
/** The most waits that are not begun with looking. */
const LONGEST_BACK_OFF = 64;

/**
 * Looks again and again for a short time, before the program sleeps until an event: to be woken takes longer than many
 * answers. Where that is in vain, it looks less and less often: after a miss, it skips 1 wait, then 2, 4 and up to 64.
 * Only a hit resets that.
 */
export class Spin {
  /** In milliseconds. */
  readonly #time: number;
  readonly #most: number;
  #backOff = 0;
  #skips = 0;

  /** @param microseconds How long to look; 0 for not at all. */
  constructor(microseconds: number) {
    this.#time = microseconds / 1000;
    this.#most = microseconds * MOST_LOOKS;
  }

  /** Looks for some bytes. Returns whether they are there. */
  until(ring: Lookout, wanted: number): boolean {
    if (this.#time === 0) return false;
    if (this.#skips > 0) {
      this.#skips--;
      return false;
    }
    const end = now() + this.#time;
    let pauses = 1;
    for (let looks = 0; looks < this.#most; looks++) {
      if (ring.look() >= wanted) {
        this.#backOff = 0;
        return true;
      }
      for (let paused = 0; paused < pauses; paused++) pause();
      pauses = Math.min(2 * pauses, MOST_PAUSES);
      if (now() >= end) break;
    }
    this.#backOff = Math.min(Math.max(1, this.#backOff * 2), LONGEST_BACK_OFF);
    this.#skips = this.#backOff;
    return false;
  }

  /**
   * Waits while a few bytes become more: the other side writes small pieces, and reading each by itself would slow both
   * down. Where nothing comes for the time of some pauses, it ends.
   */
  gather(ring: Lookout): void {
    if (this.#time === 0) return;
    let before = 0;
    let ready = ring.look();
    for (let pauses = 4; ready > before && ready < FEW_BYTES && pauses <= 64; pauses *= 2) {
      for (let paused = 0; paused < pauses; paused++) pause();
      before = ready;
      ready = ring.look();
    }
  }
}
