import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/javascript";
import { escape } from "./shell.ts";

const DIALECTS: Readonly<Record<string, string>> = { js: "", jsx: "jsx", ts: "ts", javascript: "", typescript: "ts" };

/** Colours code of JavaScript and TypeScript, and escapes all other. */
export function highlighted(code: string, language: string): string {
  const dialect = DIALECTS[language];
  if (dialect === undefined) return escape(code);
  let html = "";
  highlightCode(
    code,
    parser.configure({ dialect }).parse(code),
    classHighlighter,
    (text, classes) => html += classes === "" ? escape(text) : `<span class="${classes}">${escape(text)}</span>`,
    () => html += "\n",
  );
  return html;
}
