import { type Child, element } from "./dom.ts";

/** What a line of the log is: printed by the program, a call of a domain, a deed of the world, or why the program ended. */
type Kind = "print" | "call" | "world" | "error" | "end";

const MOST_LINES = 500;
/** How long all lines may be together: browsers take a second to lay out some millions of characters. */
const MOST_CHARACTERS = 100_000;

/** The log of a program, which screen readers read out as it grows. */
export class Log {
  readonly #list: HTMLElement;
  #characters = 0;
  #isPlanned = false;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#characters = 0;
  }

  add(kind: Kind, ...children: readonly Child[]): void {
    const line = element("p", { class: kind }, ...children);
    this.#list.append(line);
    this.#characters += line.textContent.length;
    while (this.#list.childElementCount > MOST_LINES || this.#characters > MOST_CHARACTERS) {
      const oldest = this.#list.firstElementChild!;
      this.#characters -= oldest.textContent.length;
      oldest.remove();
    }
    // Once for all lines that come at once, as it lays out the page.
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#list.scrollTop = this.#list.scrollHeight;
    });
  }
}
