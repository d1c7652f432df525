import { type Child, element } from "./dom.ts";

/** What a line of the log is: printed by the program, a call of a domain, a deed of the world, or why the program ended. */
type Kind = "print" | "call" | "world" | "error" | "end";

const MOST_LINES = 500;

/** The log of a program, which screen readers read out as it grows. */
export class Log {
  readonly #list: HTMLElement;
  #isPlanned = false;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  clear(): void {
    this.#list.replaceChildren();
  }

  add(kind: Kind, ...children: readonly Child[]): void {
    this.#list.append(element("p", { class: kind }, ...children));
    if (this.#list.childElementCount > MOST_LINES) this.#list.firstElementChild!.remove();
    // Once for all lines that come at once, as it lays out the page.
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#list.scrollTop = this.#list.scrollHeight;
    });
  }
}
