import type { Block } from "./picture.ts";
import { element, fit, type Markup, text, widthOf } from "./svg.ts";
import type { Colour } from "./theme.ts";

/** A short text in a frame. */
export interface Chip {
  readonly label: string;
  readonly colour: Colour;
}

/** How many are drawn. */
const MOST = 48;

/** Lays out short texts in lines, each in a frame. */
export function chips(all: readonly Chip[], width: number): Block {
  const shown: Chip[] = all.length <= MOST
    ? [...all]
    : [...all.slice(0, MOST), { label: `… and ${all.length - MOST} more`, colour: "faint" }];
  let x = 0;
  let y = 0;
  const markup: Markup[] = [];
  for (const { label, colour } of shown) {
    const size = Math.min(width, Math.ceil(widthOf(label, 11)) + 16);
    if (x > 0 && x + size > width) {
      x = 0;
      y += 24;
    }
    markup.push(
      element("rect", { x: x + 0.5, y: y + 0.5, width: size - 1, height: 19, rx: 9.5, class: `f-page s-${colour}` }),
      text(fit(label, size - 14, 11), x + size / 2, y + 14, "small f-text", "middle"),
    );
    x += size + 6;
  }
  return { height: y + 24, markup: markup.join("") };
}
