import { element } from "./dom.ts";

const ROW = 8;
const MOST_ROWS = 6;

/**
 * Shows the bytes of a page, in colours by what they are. Rows that have only zeros are left out, except the first.
 *
 * @param before The bytes that it had before: those that differ are marked.
 */
export function hexView(bytes: Uint8Array, before: Uint8Array | undefined): HTMLElement {
  const rows = [];
  for (let start = 0; start < bytes.length; start += ROW) {
    const row = bytes.subarray(start, start + ROW);
    const was = before?.subarray(start, start + ROW);
    if (start === 0 || row.some((byte) => byte !== 0) || was?.some((byte) => byte !== 0)) {
      rows.push({ start, row, was });
    }
  }
  const more = rows.length - MOST_ROWS;
  return element(
    "div",
    { class: "hex" },
    ...rows.slice(0, MOST_ROWS).map(({ start, row, was }) => rowView(start, row, was)),
    element(
      "p",
      { class: "rest" },
      more > 0 ? `and ${more} more ${more === 1 ? "row" : "rows"} with data` : "all other bytes are 0",
    ),
  );
}

/** How many bytes of a page differ from those that it had before. */
export function countChanged(bytes: Uint8Array, before: Uint8Array | undefined): number {
  if (before === undefined || before === bytes) return 0;
  return bytes.reduce((count, byte, index) => byte === before[index] ? count : count + 1, 0);
}

function rowView(start: number, row: Uint8Array, was: Uint8Array | undefined): HTMLElement {
  const cells = [...row].map((byte, index) => {
    const isChanged = was !== undefined && was[index] !== byte;
    return element(
      isChanged ? "mark" : "span",
      { class: kindOf(byte) },
      byte.toString(16).padStart(2, "0"),
    );
  });
  const text = [...row].map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·").join("");
  return element(
    "p",
    {},
    element("span", { class: "offset" }, start.toString(16).padStart(3, "0")),
    element("span", { class: "bytes" }, ...cells),
    element("span", { class: "text" }, text),
  );
}

function kindOf(byte: number): string {
  if (byte === 0) return "zero";
  if (byte === 0xff) return "full";
  return byte >= 0x20 && byte < 0x7f ? "ascii" : "binary";
}
