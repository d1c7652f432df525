import { ARGUMENT_ENTRIES } from "./argument_entries.ts";
import type { Entry } from "./entry.ts";
import { GRANT_ENTRIES } from "./grant_entries.ts";
import { PV_ENTRIES } from "./pv_entries.ts";
import { STORE_ENTRIES } from "./store_entries.ts";
import { VCHAN_ENTRIES } from "./vchan_entries.ts";

/** The classes of errors: how their entries are named, what throws them, and the entries by their codes. */
export const SECTIONS: readonly {
  readonly prefix: string;
  readonly title: string;
  readonly entries: Readonly<Record<string, Entry>>;
}[] = [
  { prefix: "grant", title: "GrantError: pages, mappings, copies and event channels", entries: GRANT_ENTRIES },
  { prefix: "store", title: "StoreError: XenStore", entries: STORE_ENTRIES },
  { prefix: "vchan", title: "VchanError: channels of bytes", entries: VCHAN_ENTRIES },
  { prefix: "pv", title: "PvError: frontends and backends", entries: PV_ENTRIES },
  { prefix: "argument", title: "TypeError and RangeError: refused arguments", entries: ARGUMENT_ENTRIES },
];

/** Finds the entries of a code: `grant:closed`, or `closed` for all that have it. */
export function entriesOf(code: string): { readonly name: string; readonly entry: Entry }[] {
  const [, prefix, plain] = /^(?:(\w+):)?(.*)$/.exec(code)!;
  return SECTIONS.filter((section) => prefix === undefined || section.prefix === prefix)
    .filter(({ entries }) => Object.hasOwn(entries, plain!))
    .map((section) => ({ name: `${section.prefix}:${plain}`, entry: section.entries[plain!]! }));
}

/** Writes all entries as a page in Markdown: docs/troubleshooting.md. */
export function troubleshootingPage(): string {
  const sections = SECTIONS.map(({ prefix, title, entries }) =>
    `## ${title}\n\n${Object.entries(entries).map(([code, entry]) => sectionOf(`${prefix}:${code}`, entry)).join("\n")}`
  );
  return `# Troubleshooting

An entry for each error code of the library. \`gntalloc explain CODE\` prints the same, and the messages of the command
line name the code. \`gntalloc doctor\` looks for what is wrong with this system. This page is made from
[cli/src/explain](../cli/src/explain) by \`deno task docs:troubleshooting\`.

${sections.join("\n")}`;
}

function sectionOf(name: string, { means, mend }: Entry): string {
  return `### ${name}\n\n${means}\n\n${mend.map((line) => `- ${line}`).join("\n")}\n`;
}
