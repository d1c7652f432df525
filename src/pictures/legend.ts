import { cellOf, type CellState } from "./cell.ts";
import type { Block } from "./picture.ts";
import { element, type Markup, text, widthOf } from "./svg.ts";

/** An entry of a legend: a mark of at most 16 by 16 pixels, and what it means. */
export interface LegendEntry {
  readonly mark: Markup;
  readonly meaning: string;
}

/** An entry that explains a state of a page. */
export function stateEntry(state: CellState, meaning: string, label = ""): LegendEntry {
  return { mark: cellOf({ state, label, writable: false }, 0, 0, 16), meaning };
}

/** The entry that explains the line at the foot of a page. */
export const WRITABLE_ENTRY: LegendEntry = {
  mark: element("rect", { x: 3, y: 11, width: 10, height: 2, class: "f-mapped" }),
  meaning: "the peer may write",
};

/** Lays out the entries of a legend in lines. */
export function legend(entries: readonly LegendEntry[], width: number): Block {
  let x = 0;
  let y = 0;
  const markup = entries.map(({ mark, meaning }) => {
    const needed = 22 + widthOf(meaning, 12) + 18;
    if (x > 0 && x + needed > width) {
      x = 0;
      y += 22;
    }
    const entry = element(
      "g",
      { transform: `translate(${Math.round(x)} ${y})` },
      mark,
      text(meaning, 22, 12, "f-faint"),
    );
    x += needed;
    return entry;
  });
  return { height: y + 22, markup: markup.join("") };
}
