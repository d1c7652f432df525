import type { Frame } from "../protocol.ts";
import { sharing } from "./sharing.ts";

/** How many pictures are kept, as a program may have no end, and what they may cost together. */
const MOST_FRAMES = 1000;
const MOST_COST = 2_000_000;

/** The pictures that were taken of a machine: the last ones of many, or of large ones. */
export class Film {
  readonly #frames: Frame[] = [];
  readonly #costs: number[] = [];
  #cost = 0;
  #forgotten = 0;

  /** How many are kept. */
  get length(): number {
    return this.#frames.length;
  }

  /** How many came before those that are kept. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The picture at a place among those that are kept. */
  at(index: number): Frame | undefined {
    return this.#frames[index];
  }

  /** Adds a picture, and forgets the first ones if need be. */
  add(frame: Frame, cost: number): void {
    this.#frames.push(sharing(frame, this.#frames.at(-1)));
    this.#costs.push(cost);
    this.#cost += cost;
    while (this.#frames.length > MOST_FRAMES || (this.#cost > MOST_COST && this.#frames.length > 1)) {
      this.#frames.shift();
      this.#cost -= this.#costs.shift()!;
      this.#forgotten++;
    }
  }
}
