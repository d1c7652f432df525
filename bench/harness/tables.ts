/**
 * Figures as tables in Markdown.
 *
 * @module
 */

/** A table in Markdown: its head, and its rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** A number with about three significant digits, or a dash if there is none. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en");
  return String(Number(value.toPrecision(value >= 1 ? 3 : 2)));
}

/** "1 page", "16 pages". */
export function pagesText(pages: number): string {
  return pages === 1 ? "1 page" : `${pages} pages`;
}
