/** Documents with parts that a command writes, between `<!-- NAME -->` and `<!-- /NAME -->`. */

import { exec } from "./exec.ts";

/** Returns the document with a new text between the marks of that name. */
export function withMarked(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [document.indexOf(open), document.indexOf(close)];
  if (start < 0 || end < start) {
    throw new Error(`Cannot write ${name}: the document must have the marks ${open} and ${close}`);
  }
  return `${document.slice(0, start + open.length)}\n\n${text}\n\n${document.slice(end)}`;
}

/**
 * Writes texts into those marks of a document that have their names. Names of one group start with the same word and a
 * colon.
 *
 * @throws {Error} if the document has none of the marks, or has another mark of the same group.
 */
export async function writeMarked(url: URL, texts: Readonly<Record<string, string>>): Promise<void> {
  let document = await Deno.readTextFile(url);
  const names = Object.keys(texts).filter((name) => document.includes(`<!-- ${name} -->`));
  if (names.length === 0) {
    throw new Error(`Cannot fill ${url.pathname}: it must have marks of ${Object.keys(texts).join(" or ")}`);
  }
  const groups = new Set(names.map((name) => name.split(":")[0]!));
  for (const [, name, group] of document.matchAll(/<!-- (([\w-]+):[\w-]+) -->/g)) {
    if (groups.has(group!) && !(name! in texts)) {
      throw new Error(`Cannot fill ${url.pathname}: there is no text for its mark <!-- ${name} -->`);
    }
  }
  for (const name of names) document = withMarked(document, name, texts[name]!);
  await Deno.writeTextFile(url, await formatted(document));
}

/** Formats Markdown with `deno fmt`, which aligns tables and wraps lines. */
export function formatted(markdown: string): Promise<string> {
  return exec(Deno.execPath(), ["fmt", "--ext=md", "-"], { cwd: new URL("..", import.meta.url), input: markdown });
}
