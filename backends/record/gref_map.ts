/** A reference that nobody grants: the table of a domain is far smaller. */
const NOBODYS = 0xffff_ffff;

/**
 * The references of a recording, and what the replaying backend gave out in their place.
 *
 * A backend chooses references as it likes, so those of the recording are names. A name outlives the end of access, as the
 * peer may try to map the page then. Where the backend has used the reference again for another page by that time, which the
 * recorded one had not, the old name stands for a reference that nobody grants: it must not lead to a stranger's page.
 */
export class References {
  readonly #replayed = new Map<number, number>();
  readonly #recorded = new Map<number, number>();

  /** Notes what stands for a recorded reference from now on. */
  granted(recorded: number, replayed: number): void {
    const before = this.#replayed.get(recorded);
    if (before !== undefined) this.#recorded.delete(before);
    const stale = this.#recorded.get(replayed);
    if (stale !== undefined) this.#replayed.set(stale, NOBODYS);
    this.#replayed.set(recorded, replayed);
    this.#recorded.set(replayed, recorded);
  }

  /** What stands for a recorded reference. One that was never granted, as a peer may guess it, stands for itself. */
  replayed(recorded: number): number {
    return this.#replayed.get(recorded) ?? (this.#recorded.has(recorded) ? NOBODYS : recorded);
  }
}
