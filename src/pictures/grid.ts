import { type Cell, cellOf } from "./cell.ts";
import type { Block } from "./picture.ts";
import { element, type Markup, named, text } from "./svg.ts";

/** A page in a grid: a {@linkcode Cell}, its number, and what is said of it when the pointer rests on it. */
export interface GridCell extends Cell {
  readonly number: number;
  readonly name: string;
}

/** How many lines of a grid are drawn. */
const MOST_LINES = 32;
/** Where the cells begin: the numbers of the lines are to the left. */
const LABEL_WIDTH = 44;
const COLUMNS = [64, 32, 16, 8] as const;
const SMALLEST = 18;
const LARGEST = 26;

/**
 * Draws numbered pages as a grid of squares. Lines without any are left out, and so are those that would be too many.
 *
 * @param cells The pages, by ascending number. Numbers that are missing are free.
 * @param first The lowest number that can be there.
 */
export function grid(cells: readonly GridCell[], first: number, width: number): Block {
  const room = width - LABEL_WIDTH;
  const columns = COLUMNS.find((count) => room / count >= SMALLEST) ?? 8;
  const pitch = Math.min(LARGEST, Math.floor(room / columns));
  const lines = Map.groupBy(cells, ({ number }) => Math.floor(number / columns));

  let y = 0;
  let previous: number | undefined;
  let drawn = 0;
  let shown = 0;
  const markup: Markup[] = [];
  const note = (words: string) => {
    markup.push(text(words, LABEL_WIDTH, y + 12, "small f-faint"));
    y += 18;
  };
  for (const [line, there] of lines) {
    if (drawn === MOST_LINES) {
      note(`… and ${cells.length - shown} more, up to ${cells.at(-1)!.number}`);
      break;
    }
    const skipped = previous === undefined ? 0 : (line - previous - 1) * columns;
    if (skipped > 0) note(`… ${skipped} free`);
    markup.push(element("g", { transform: `translate(0 ${y})` }, lineOf(line * columns, there, first, columns, pitch)));
    y += pitch;
    previous = line;
    drawn++;
    shown += there.length;
  }
  return { height: y, markup: markup.join("") };
}

function lineOf(start: number, there: readonly GridCell[], first: number, columns: number, pitch: number): Markup {
  const cells = new Map(there.map((cell) => [cell.number, cell]));
  const markup = [text(String(start), LABEL_WIDTH - 8, pitch / 2 + 4, "small f-faint", "end")];
  for (let column = 0; column < columns; column++) {
    const number = start + column;
    if (number < first) continue;
    const x = LABEL_WIDTH + column * pitch;
    const cell = cells.get(number);
    if (cell === undefined) markup.push(cellOf({ state: "free", label: "", writable: false }, x, 0, pitch - 3));
    else markup.push(named(cell.name, cellOf(cell, x, 0, pitch - 3)));
  }
  return markup.join("");
}
