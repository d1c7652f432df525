/**
 * Shows bytes as people read them.
 *
 * @module
 */
import type { Palette } from "./palette.ts";

const COLUMNS = 16;

/** A line of a dump. */
interface Line {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Writes bytes as lines for an output: none, if there are no bytes. */
export function dumpOf(bytes: Uint8Array, start: number, palette: Palette): string {
  return bytes.length === 0 ? "" : `${hexdump(bytes, start, palette)}\n`;
}

/**
 * Writes bytes in hexadecimal, and as text where they are ASCII. Lines that repeat the one before are left out, as `*`
 * shows.
 *
 * @param start The offset of the first byte.
 * @param changed Whether a byte, by its offset, is to be marked.
 */
export function hexdump(
  bytes: Uint8Array,
  start: number,
  palette: Palette,
  changed = (_offset: number) => false,
): string {
  const lines: string[] = [];
  let last: Line | undefined;
  let isRepeated = false;
  for (const line of linesOf(bytes, start)) {
    const isMarked = line.bytes.some((_, index) => changed(line.offset + index));
    const isLast = line.offset + line.bytes.length === start + bytes.length;
    if (last !== undefined && !isLast && !isMarked && same(last.bytes, line.bytes)) {
      if (!isRepeated) lines.push("*");
      isRepeated = true;
      continue;
    }
    isRepeated = false;
    lines.push(format(line, palette, changed));
    last = line;
  }
  return lines.join("\n");
}

/** Writes only the lines in which a byte has changed. */
export function changesOf(before: Uint8Array, after: Uint8Array, start: number, palette: Palette): string {
  const changed = (offset: number) => before[offset - start] !== after[offset - start];
  return [...linesOf(after, start)]
    .filter(({ offset, bytes }) => bytes.some((_, index) => changed(offset + index)))
    .map((line) => format(line, palette, changed))
    .join("\n");
}

function* linesOf(bytes: Uint8Array, start: number): Generator<Line> {
  for (let offset = 0; offset < bytes.length; offset += COLUMNS) {
    yield { offset: start + offset, bytes: bytes.subarray(offset, offset + COLUMNS) };
  }
}

function format({ offset, bytes }: Line, palette: Palette, changed: (offset: number) => boolean): string {
  const mark = (text: string, index: number) => changed(offset + index) ? palette.strong(text) : text;
  const cells = [...bytes].map((byte, index) => mark(byte.toString(16).padStart(2, "0"), index));
  const half = (from: number, to: number) => cells.slice(from, to).join(" ");
  const text = [...bytes].map((byte, index) =>
    mark(byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".", index)
  );
  // What is missing of the last line, without the colours.
  const room = " ".repeat(3 * (COLUMNS - bytes.length) + (bytes.length <= 8 ? 1 : 0));
  const hex = bytes.length <= 8 ? half(0, 8) : `${half(0, 8)}  ${half(8, 16)}`;
  return `${palette.faint(offset.toString(16).padStart(8, "0"))}  ${hex}${room}  ${palette.faint("|")}${text.join("")}${
    palette.faint("|")
  }`;
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
