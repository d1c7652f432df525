import { reasonOf } from "../shared/signal.ts";
import { VchanError } from "./errors.ts";
import type { Publication } from "./publication.ts";
import type { Slot } from "./slot.ts";

/** The places of a server that clients can take, or have taken before the server noticed. */
export class Places {
  readonly #publication: Publication;
  readonly #makeSlot: () => Slot;
  readonly #ended: AbortSignal;
  readonly #onReplaced: (error: VchanError) => void;
  /** What waits for a client, or has one that no call of `accept()` has got yet. */
  #slot: Slot | undefined;
  /** What waits for another client meanwhile. */
  #next: Slot | undefined;
  #preparing: Promise<Slot> | undefined;
  #renewing: Promise<void> | undefined;

  /**
   * @param ended Aborted when no other client can come, with the reason.
   * @param onReplaced Called if another server has published itself.
   */
  constructor(
    publication: Publication,
    makeSlot: () => Slot,
    ended: AbortSignal,
    onReplaced: (error: VchanError) => void,
  ) {
    this.#publication = publication;
    this.#makeSlot = makeSlot;
    this.#ended = ended;
    this.#onReplaced = onReplaced;
  }

  /** The place that a client has taken, if there is one. */
  get taken(): Slot | undefined {
    return this.#slot?.hasClient ? this.#slot : undefined;
  }

  /** Makes sure that a client can come. */
  prepare(): Promise<Slot> {
    return this.#preparing ??= this.#prepare().finally(() => this.#preparing = undefined);
  }

  async #prepare(): Promise<Slot> {
    if (this.#ended.aborted) throw reasonOf(this.#ended);
    // It is kept if it cannot be published: keys may be there that name it.
    const slot = this.#slot ??= this.#makeSlot();
    try {
      if (!this.#publication.isOf(slot.keys)) await this.#publication.publish(slot.keys);
    } catch (error) {
      if (error instanceof VchanError) this.#onReplaced(error);
      throw error;
    }
    return slot;
  }

  /**
   * Makes sure that no other client finds the keys of the place that is taken. If XenStore is lost, nobody finds them
   * either.
   *
   * @param more Whether to make a place for another client.
   */
  renew(more: boolean): Promise<void> {
    return this.#renewing ??= this.#renew(more).finally(() => this.#renewing = undefined);
  }

  async #renew(more: boolean): Promise<void> {
    const publication = this.#publication;
    const used = this.#slot?.keys;
    if (this.#ended.aborted || used === undefined || !publication.mayBeOf(used)) return;
    try {
      if (more) await publication.publish((this.#next ??= this.#makeSlot()).keys);
    } catch {
      // The next call of `accept()` says so.
    }
    if (publication.mayBeOf(used)) await publication.retire().catch(() => {});
  }

  /** Goes on to the next place. */
  next(): void {
    this.#slot = this.#next;
    this.#next = undefined;
  }

  /** Releases the places that nobody has taken. */
  releaseFree(): void {
    this.#slot = keepIfTaken(this.#slot);
    this.#next = keepIfTaken(this.#next);
  }

  /** Returns all places, for the caller to release. */
  takeAll(): Slot[] {
    const slots = [this.#slot, this.#next].filter((slot) => slot !== undefined);
    this.#slot = this.#next = undefined;
    return slots;
  }
}

/** Releases a slot unless a client has come. */
function keepIfTaken(slot: Slot | undefined): Slot | undefined {
  if (slot === undefined || slot.hasClient) return slot;
  try {
    slot.release();
  } catch {
    // Why the server has ended is what counts.
  }
  return undefined;
}
