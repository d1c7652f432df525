import { isPageShortage, isPortShortage } from "../shared/shortage.ts";
import { Bell } from "./bell.ts";

/** Pages and ports for one more client: those of the connections come back. */
export class Room {
  readonly #bell = new Bell();
  #connections = 0;
  /** How many connections have given theirs back. */
  #returns = 0;

  /** How many connections have some. */
  get connections(): number {
    return this.#connections;
  }

  /** One more connection has some. */
  take(): void {
    this.#connections++;
  }

  /** A connection has given its own back. */
  giveBack(): void {
    this.#connections--;
    this.#returns++;
    this.#bell.ring();
  }

  /** Runs something that takes pages and ports, again when a connection has given back some if there were too few. */
  async retry<Value>(run: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
    for (;;) {
      const returns = this.#returns;
      try {
        return await run();
      } catch (error) {
        if (!isPageShortage(error) && !isPortShortage(error)) throw error;
        // Some may have come back between the refusal and now.
        if (returns !== this.#returns) continue;
        if (this.#connections === 0) throw error;
        await this.#bell.wait(signal);
      }
    }
  }
}
