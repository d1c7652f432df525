import type { Failure } from "../protocol.ts";
import { element, find } from "./dom.ts";
import type { Editor } from "./editor.ts";
import { INVISIBLE } from "./invisible.ts";
import { missing } from "./missing.ts";

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
  /** A region, as it can be scrolled with the keyboard and has a name. */
  readonly #page = element("pre", { role: "region", tabindex: 0, "aria-label": "The program" }, this.#text);
  #marked: { readonly line: number | undefined; readonly isWrong: boolean } = { line: undefined, isWrong: false };
  #editor: Editor | undefined;

  /** @param onChange Is called when the reader changes the program. */
  constructor(place: HTMLElement, onChange: () => void) {
    this.#place = place;
    this.#onChange = onChange;
    place.append(this.#page);
  }

  get program(): string {
    return this.#editor?.program ?? this.#text.textContent;
  }

  /** Shows another program, with no changes to undo. */
  set program(text: string) {
    if (this.#editor === undefined) this.#text.textContent = text;
    else this.#editor.program = text;
  }

  /** Changes the program as the reader can, who may undo it. */
  change(text: string): void {
    if (this.#editor !== undefined) return this.#editor.change(text);
    this.#text.textContent = text;
    this.#onChange();
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
      const text = missing("what prepares programs", "Programs can be read, but not run.");
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
    const root = this.#place.attachShadow({ mode: "open" });
    const { content: href } = find<HTMLMetaElement>('meta[name="editor-styles"]');
    const styles = element("link", { rel: "stylesheet", href });
    const slot = element("slot");
    const styled = new Promise((resolve) => styles.onload = styles.onerror = resolve);
    // The slot shows the text meanwhile.
    root.append(styles, slot);
    const [{ Editor }] = await Promise.all([import("./editor.ts"), styled]);
    const hasFocus = document.activeElement === this.#page;
    const { scrollTop } = this.#page;
    slot.remove();
    this.#page.remove();
    this.#editor = new Editor(root, this.#text.textContent, INVISIBLE, this.#onChange);
    this.#editor.mark(this.#marked.line, this.#marked.isWrong);
    this.#editor.scrollTo(scrollTop);
    if (hasFocus) this.#editor.focus();
  }
}
