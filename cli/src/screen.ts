import type { Host } from "./host.ts";

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** The terminal, drawn anew each time; or, without one that can do that, one text after the other. */
export class Screen {
  readonly #host: Host;
  #isEntered = false;
  #last = "";

  constructor(host: Host) {
    this.#host = host;
  }

  /** Shows a text. What does not fit into the terminal is cut off. Elsewhere, a text is not repeated. */
  async show(text: string): Promise<void> {
    if (!this.#host.isScreen) {
      if (text !== this.#last) await this.#host.out(`${this.#last === "" ? "" : "\n"}${text}`);
      this.#last = text;
      return;
    }
    const lines = text.trimEnd().split("\n").slice(0, Math.max(1, this.#host.height - 1));
    const drawn = lines.map((line) => `${cut(line, this.#host.width)}${CLEAR_LINE}\n`).join("");
    await this.#host.out(`${this.#isEntered ? "" : ENTER}${HOME}${drawn}${CLEAR_BELOW}`);
    this.#isEntered = true;
  }

  /** Gives the terminal back as it was. Never rejects: the terminal may be closed. */
  async leave(): Promise<void> {
    if (this.#isEntered) await this.#host.out(LEAVE).catch(() => {});
    this.#isEntered = false;
  }
}

/** A colour, or one character. */
const PIECE = new RegExp("(\u001b\\[\\d+m)|[^\u001b]", "gu");

/** Cuts a line at a width. Colours take no room. */
function cut(line: string, width: number): string {
  let room = width;
  return line.replace(PIECE, (all, colour?: string) => colour !== undefined || room-- > 0 ? all : "");
}
