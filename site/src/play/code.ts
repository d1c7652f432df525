import type { Failure } from "../protocol.ts";
import { element } from "./dom.ts";
import type { Editor } from "./editor.ts";
import { prepare } from "./prepare.ts";
import { ProgramError } from "./program_error.ts";

/** How long the editor waits for the page to come to rest, in milliseconds, where a browser does not say. */
const REST = 100;

/**
 * The program: as text at first, and in an editor once the page has come to rest. The editor is most of the page's code:
 * programs can be run before it is there, or without it.
 */
export class Code {
  readonly #place: HTMLElement;
  readonly #onChange: () => void;
  readonly #text = element("code");
  #marked: { readonly line: number | undefined; readonly isWrong: boolean } = { line: undefined, isWrong: false };
  #editor: Editor | undefined;

  /** @param onChange Is called when the reader changes the program. */
  constructor(place: HTMLElement, onChange: () => void) {
    this.#place = place;
    this.#onChange = onChange;
    place.append(element("pre", { tabindex: 0, "aria-label": "The program" }, this.#text));
  }

  get program(): string {
    return this.#editor?.program ?? this.#text.textContent;
  }

  set program(text: string) {
    this.#text.textContent = text;
    if (this.#editor !== undefined) this.#editor.program = text;
  }

  /** Marks the line that runs next, or the one that failed; `undefined` marks none. */
  mark(line: number | undefined, isWrong = false): void {
    this.#marked = { line, isWrong };
    this.#editor?.mark(line, isWrong);
  }

  /** Prepares the program for the worker, or says why it cannot run. */
  prepare(): string | Failure {
    try {
      return prepare(this.program);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      return { text: error.message, code: undefined, line: error.line };
    }
  }

  /** Loads the editor. */
  async edit(): Promise<void> {
    await new Promise((resolve) =>
      "requestIdleCallback" in globalThis ? requestIdleCallback(resolve) : setTimeout(resolve, REST)
    );
    const { Editor } = await import("./editor.ts");
    this.#editor = new Editor(this.#place, this.#onChange);
    this.#editor.program = this.#text.textContent;
    this.#editor.mark(this.#marked.line, this.#marked.isWrong);
  }
}
