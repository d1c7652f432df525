/** Documents with parts that a command writes, between `<!-- NAME -->` and `<!-- /NAME -->`. */

/** The document with another text between the marks of that name. */
export function withMarked(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [document.indexOf(open), document.indexOf(close)];
  if (start < 0 || end < start) {
    throw new Error(`Cannot write ${name} as the document must have the marks ${open} and ${close}`);
  }
  return `${document.slice(0, start + open.length)}\n\n${text}\n\n${document.slice(end)}`;
}

/**
 * Writes texts into a document, each between the marks of its name, where the document has them. Names may have a part in common,
 * up to a colon.
 *
 * @throws {Error} if it has none of them, or a mark of the same common part for which there is no text.
 */
export async function writeMarked(url: URL, texts: Readonly<Record<string, string>>): Promise<void> {
  let document = await Deno.readTextFile(url);
  const names = Object.keys(texts).filter((name) => document.includes(`<!-- ${name} -->`));
  if (names.length === 0) {
    throw new Error(`Cannot fill ${url.pathname} as it must have marks of ${Object.keys(texts).join(" or ")}`);
  }
  const parts = new Set(names.map((name) => name.split(":")[0]!));
  for (const [, name, part] of document.matchAll(/<!-- (([\w-]+):[\w-]+) -->/g)) {
    if (parts.has(part!) && !(name! in texts)) {
      throw new Error(`Cannot fill ${url.pathname} as there is no text for its mark <!-- ${name} -->`);
    }
  }
  for (const name of names) document = withMarked(document, name, texts[name]!);
  await Deno.writeTextFile(url, await formatted(document));
}

/** The same document as `deno fmt` leaves it, which aligns tables and wraps lines. */
export async function formatted(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=md", "-"],
    cwd: new URL("..", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("Cannot format what is to be written as deno fmt failed");
  return new TextDecoder().decode(stdout);
}
