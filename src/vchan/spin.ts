/** The end of a ring, as far as a wait needs it. */
export interface Lookout {
  /** How many bytes there are to read, or there is room for. */
  look(): number;
}

// Taken when the module is loaded: under fake timers, the clock would stand still.
const now: () => number = performance.now.bind(performance);
/** Tells the processor that this is a loop which waits. Not every engine has it. */
const pause: (() => void) | undefined = (Atomics as { readonly pause?: () => void }).pause;

/** How many looks to take between two looks at the clock, which costs as much as several. */
const LOOKS = 8;
/** The most looks a microsecond: the clock of some platforms stands still until the program waits. */
const MOST_LOOKS = 100;
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
    for (let looks = 0; looks < this.#most; looks += LOOKS) {
      for (let look = 0; look < LOOKS; look++) {
        if (ring.look() >= wanted) {
          this.#backOff = 0;
          return true;
        }
        pause?.();
      }
      if (now() >= end) break;
    }
    this.#backOff = Math.min(Math.max(1, this.#backOff * 2), LONGEST_BACK_OFF);
    this.#skips = this.#backOff;
    return false;
  }
}
