/**
 * Puts texts between the marks `<!-- PREFIX:… -->` and `<!-- /PREFIX -->` of a document.
 *
 * @param texts The text for each name that a mark may have.
 * @throws {Error} if there is a mark of another name, or none at all.
 */
export async function writeDocument(url: URL, prefix: string, texts: Readonly<Record<string, string>>): Promise<void> {
  const marked = new RegExp(`(<!-- ${prefix}:(\\w+) -->)[^]*?(<!-- /${prefix} -->)`, "g");
  const document = await Deno.readTextFile(url);
  if (document.search(marked) < 0) throw new Error(`Cannot fill ${url.pathname} as it must have marks of ${prefix}`);
  await Deno.writeTextFile(
    url,
    document.replace(marked, (_, start: string, name: string, end: string) => {
      const text = texts[name];
      if (text === undefined) throw new Error(`Cannot fill ${start} of ${url.pathname}: there is no such table`);
      return `${start}\n\n${text}\n\n${end}`;
    }),
  );
  // Lines are wrapped as everywhere else.
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", url.pathname] }).output();
}
