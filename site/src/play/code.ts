import type { Failure } from "../protocol.ts";
import { element, find } from "./dom.ts";
import type { Editor } from "./editor.ts";

/** How long the editor waits for the page to come to rest, in milliseconds, where a browser does not say. */
const REST = 100;

/**
 * The program: as text at first, and in an editor once the page has come to rest. The editor and its parser are most of
 * the page's code, which the buttons do not wait for.
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
  async prepare(): Promise<string | Failure> {
    const { program } = this;
    const loaded = await import("./prepare.ts").catch(() => undefined);
    if (loaded === undefined) {
      const text = "Cannot load what prepares programs. Load the page again.";
      return { text, code: undefined, line: undefined };
    }
    try {
      return loaded.prepare(program);
    } catch (error) {
      if (!(error instanceof loaded.ProgramError)) throw error;
      return { text: error.message, code: undefined, line: error.line };
    }
  }

  /** Loads the editor, and what prepares programs, which shares its parser. */
  async edit(): Promise<void> {
    await new Promise((resolve) =>
      "requestIdleCallback" in globalThis ? requestIdleCallback(resolve) : setTimeout(resolve, REST)
    );
    // The editor imports it, too: this loads both at once.
    import("./prepare.ts").catch(() => {});
    const { Editor } = await import("./editor.ts");
    const root = this.#place.attachShadow({ mode: "open" });
    root.append(element("link", { rel: "stylesheet", href: find<HTMLLinkElement>("#editor-styles").href }));
    this.#editor = new Editor(root, this.#onChange);
    this.#editor.program = this.#text.textContent;
    this.#editor.mark(this.#marked.line, this.#marked.isWrong);
  }
}
