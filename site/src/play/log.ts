import { type Child, element } from "./dom.ts";

/** What a line of the log is: printed by the program, a call of a domain, a deed of the world, or why the program ended. */
type Kind = "print" | "call" | "world" | "error" | "end";

const MOST_LINES = 500;
/** How long all lines may be together: browsers take a second to lay out some millions of characters. */
const MOST_CHARACTERS = 100_000;

interface Line {
  readonly shown: HTMLElement;
  readonly length: number;
  /** The position of the first picture that shows what the line tells. */
  readonly position: number;
}

/** The log of a program, which screen readers read out as it grows. */
export class Log {
  readonly #list: HTMLElement;
  readonly #lines: Line[] = [];
  #characters = 0;
  readonly #later = element("p", { class: "later" }, "What follows came later:");
  #isPlanned = false;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#lines.length = 0;
    this.#characters = 0;
  }

  /** @param position The position of the first picture that shows what the line tells. */
  add(kind: Kind, position: number, ...children: readonly Child[]): void {
    const shown = element("p", { class: kind }, ...children);
    const { length } = shown.textContent;
    this.#list.append(shown);
    this.#lines.push({ shown, length, position });
    this.#characters += length;
    while (this.#lines.length > MOST_LINES || this.#characters > MOST_CHARACTERS) {
      const oldest = this.#lines.shift()!;
      oldest.shown.remove();
      this.#characters -= oldest.length;
    }
    this.#scroll();
  }

  /** Sets apart what came after the picture that is shown. */
  look(position: number): void {
    this.#later.remove();
    const last = this.#lines.findLastIndex((line) => line.position <= position);
    this.#lines[last + 1]?.shown.before(this.#later);
    this.#scroll();
  }

  /** Scrolls to the end, or to what came later. Once for all lines that come at once, as it lays out the page. */
  #scroll(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#list.scrollTop = this.#later.isConnected
        ? this.#later.offsetTop - this.#list.clientHeight / 2
        : this.#list.scrollHeight;
    });
  }
}
