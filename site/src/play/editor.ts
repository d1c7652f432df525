import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightSpecialChars,
  hoverTooltip,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
// Both share the parser: so it comes in one file with what prepares programs.
import "./prepare.ts";
import { completions, hover } from "./symbols.ts";

/** How far a marked line stays from the edges, in pixels. */
const MARGIN = 40;

/** Scrolls only the editor to a marked line: by itself, CodeMirror also scrolls the page away from where its reader looks. */
const scrollsAlone = EditorView.scrollHandler.of((view, { head }, { yMargin }) => {
  // The cursor must be seen.
  if (yMargin !== MARGIN) return false;
  const { top, bottom } = view.lineBlockAt(head);
  const { scrollTop, clientHeight } = view.scrollDOM;
  view.scrollDOM.scrollTop = Math.min(Math.max(scrollTop, bottom + MARGIN - clientHeight), top - MARGIN);
  return true;
});

const setLine = StateEffect.define<{ readonly line: number; readonly isWrong: boolean } | undefined>();

/** The line that runs next, or that failed. */
const currentLine = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, { changes, effects, state }) {
    for (const effect of effects) {
      if (!effect.is(setLine)) continue;
      const { value } = effect;
      if (value === undefined || value.line > state.doc.lines) return Decoration.none;
      const { from } = state.doc.line(value.line);
      const mark = value.isWrong
        ? Decoration.line({ class: "wrong-line" })
        : Decoration.line({ class: "current-line", attributes: { "aria-current": "step" } });
      return Decoration.set(mark.range(from));
    }
    return marks.map(changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The editor of programs. It is in a shadow root: there, its styles need no permission of the page's policy. */
export class Editor {
  readonly #view: EditorView;
  readonly #extensions: Extension;

  /**
   * Puts an editor into a shadow root.
   *
   * @param invisible The characters that it shows although they cannot be seen.
   * @param onChange Is called when the reader changes the program.
   */
  constructor(root: ShadowRoot, program: string, invisible: RegExp, onChange: () => void) {
    this.#extensions = [
      lineNumbers(),
      history(),
      drawSelection(),
      highlightSpecialChars({ addSpecialChars: invisible }),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ override: [completions] }),
      hoverTooltip(hover),
      javascript(),
      syntaxHighlighting(classHighlighter),
      currentLine,
      scrollsAlone,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "The program", tabindex: "0" }),
      EditorView.updateListener.of(({ docChanged }) => {
        if (docChanged) onChange();
      }),
      // Escape and then Tab leave the editor, as CodeMirror has it.
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
    ];
    this.#view = new EditorView({ root, parent: root, state: this.#begin(program) });
  }

  get program(): string {
    return this.#view.state.doc.toString();
  }

  /** Begins with another program: listeners hear of no change, and there is none to undo. */
  set program(text: string) {
    this.#view.setState(this.#begin(text));
    this.scrollTo(0);
  }

  /** Changes the program as the reader can. */
  change(text: string): void {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
  }

  focus(): void {
    this.#view.focus();
  }

  /** Scrolls to a place, in pixels from the top, once the height of the lines is known. */
  scrollTo(top: number): void {
    this.#view.requestMeasure({ read() {}, write: (_, { scrollDOM }) => scrollDOM.scrollTop = top });
  }

  /** Marks the line that runs next, or the one that failed; `undefined` marks none. */
  mark(line: number | undefined, isWrong = false): void {
    const effects: StateEffect<unknown>[] = [setLine.of(line === undefined ? undefined : { line, isWrong })];
    if (line !== undefined && line <= this.#view.state.doc.lines) {
      effects.push(EditorView.scrollIntoView(this.#view.state.doc.line(line).from, { y: "nearest", yMargin: MARGIN }));
    }
    this.#view.dispatch({ effects });
  }

  #begin(program: string): EditorState {
    return EditorState.create({ doc: program, extensions: this.#extensions });
  }
}
