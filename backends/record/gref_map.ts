import { MAX_UINT32 } from "../../src/contract/limits.ts";

/** A reference that nobody grants: the grant table of a domain is far smaller. */
const NOBODYS = MAX_UINT32;

/**
 * Maps the references of a recording to those that the replaying backend gave out instead.
 *
 * A backend chooses references as it likes, so those of the recording serve as names. A name remains in use after
 * access has ended, because the peer may still try to map the page. By then, the replaying backend may have reused the
 * reference for another page, while the recorded one had not. The old name then stands for a reference that nobody
 * grants: it must not lead to the other page.
 */
export class GrefMap {
  readonly #replayed = new Map<number, number>();
  readonly #recorded = new Map<number, number>();

  /** Notes which reference stands for a recorded one from now on. */
  granted(recorded: number, replayed: number): void {
    const before = this.#replayed.get(recorded);
    if (before !== undefined) this.#recorded.delete(before);
    const stale = this.#recorded.get(replayed);
    if (stale !== undefined) this.#replayed.set(stale, NOBODYS);
    this.#replayed.set(recorded, replayed);
    this.#recorded.set(replayed, recorded);
  }

  /**
   * The reference that stands for a recorded one. One that was never granted, because the peer guessed it, stands for
   * itself.
   */
  replayed(recorded: number): number {
    return this.#replayed.get(recorded) ?? (this.#recorded.has(recorded) ? NOBODYS : recorded);
  }
}
