import { UsageError } from "../exit.ts";
import { entriesOf, SECTIONS } from "../explain/entries.ts";
import type { Host } from "../host.ts";
import { paletteOf } from "../palette.ts";

/** Explains an error code, or lists all of them. */
export async function explain(host: Host, code: string | undefined): Promise<void> {
  if (code === undefined) {
    for (const { prefix, entries } of SECTIONS) {
      for (const name of Object.keys(entries)) await host.out(`${prefix}:${name}\n`);
    }
    return;
  }
  const found = entriesOf(code);
  if (found.length === 0) {
    throw new UsageError(`Cannot explain "${code}" as there is no such code. \`gntalloc explain\` lists them.`);
  }
  const palette = paletteOf(host.colours);
  const texts = found.map(({ name, entry: { means, mend } }) =>
    `${palette.strong(name)}\n${plain(means)}\n${mend.map((line) => `- ${plain(line)}`).join("\n")}\n`
  );
  await host.out(texts.join("\n"));
}

/** Markdown as people read it in a terminal. */
function plain(markdown: string): string {
  return markdown.replaceAll("`", "");
}
