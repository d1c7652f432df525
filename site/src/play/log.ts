import { type Child, element } from "./dom.ts";

/** What a line of the log is: printed by the program, a call of a domain, a deed of the world, or why the program ended. */
type Kind = "print" | "call" | "world" | "error" | "end";

const MOST_LINES = 500;

/** The log of a program, which screen readers read out as it grows. */
export class Log {
  readonly #list: HTMLElement;
  /** The position of the first picture that shows what a line tells. */
  readonly #positions = new WeakMap<Element, number>();
  readonly #later = element("p", { class: "later" }, "What follows came later:");
  #isPlanned = false;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  clear(): void {
    this.#list.replaceChildren();
  }

  /** @param position The position of the first picture that shows what the line tells. */
  add(kind: Kind, position: number, ...children: readonly Child[]): void {
    const line = element("p", { class: kind }, ...children);
    this.#positions.set(line, position);
    this.#list.append(line);
    if (this.#list.childElementCount > MOST_LINES) this.#list.firstElementChild!.remove();
    this.#scroll();
  }

  /** Sets apart what came after the picture that is shown. */
  look(position: number): void {
    this.#later.remove();
    let first: Element | undefined;
    for (let line = this.#list.lastElementChild; line !== null; line = line.previousElementSibling) {
      if (this.#positions.get(line)! <= position) break;
      first = line;
    }
    first?.before(this.#later);
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
