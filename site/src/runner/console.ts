import type { News } from "../protocol.ts";
import { cut, shown } from "./printing.ts";

/** How many lines may be under way to the page. */
const MOST_UNHEARD = 500;

/** What the program prints with. A loop that prints for ever sends no more than the page can take. */
export class Console {
  readonly #tell: (news: News) => void;
  #unheard = 0;
  #left = 0;

  constructor(tell: (news: News) => void) {
    this.#tell = tell;
  }

  /** Sends a line, or counts it if the page has not heard the last ones yet. */
  print(values: readonly unknown[], isError: boolean): void {
    if (this.#unheard >= MOST_UNHEARD) {
      this.#left++;
      return;
    }
    this.#unheard++;
    this.#tell({ type: "print", text: cut(values.map((value) => shown(value)).join(" ")), isError });
  }

  /** The page has heard all lines that were sent. */
  heard(): void {
    this.#unheard = 0;
    if (this.#left > 0) this.print([`… ${this.#left} more lines`], false);
    this.#left = 0;
  }
}
