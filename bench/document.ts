import type { Results } from "./results.ts";
import { groupTables, otherTable, provenance, targetTable } from "./tables.ts";

const MARKED = /(<!-- bench:(\w+) -->)[^]*?(<!-- \/bench -->)/g;

/** Puts the tables of a run between the marks `<!-- bench:… -->` and `<!-- /bench -->` of a document. */
export async function writeDocument(url: URL, results: Results): Promise<void> {
  const tables: Record<string, (results: Results) => string> = {
    targets: targetTable,
    groups: groupTables,
    others: otherTable,
    provenance,
  };
  const document = await Deno.readTextFile(url);
  await Deno.writeTextFile(
    url,
    document.replace(MARKED, (_, start: string, name: string, end: string) => {
      const make = tables[name];
      if (!make) throw new Error(`Cannot fill ${start} of ${url.pathname}: there is no such table`);
      return `${start}\n\n${make(results)}\n\n${end}`;
    }),
  );
  // Lines are wrapped as everywhere else.
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", url.pathname] }).output();
}
