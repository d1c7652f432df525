import type { Block } from "./picture.ts";
import { element, type Markup, named, text } from "./svg.ts";
import type { Colour } from "./theme.ts";

/** A part of a bar. */
export interface BarPart {
  readonly name: string;
  readonly pages: number;
  readonly colour: Colour;
}

const HEIGHT = 26;
/** The least width of a part that has any pages: it must be seen. */
const LEAST = 4;

/** Draws parts of a whole as a bar. What is left of the whole is free. */
export function bar(parts: readonly BarPart[], whole: number, width: number): Block {
  const used = parts.reduce((sum, { pages }) => sum + pages, 0);
  const total = Math.max(used, whole, 1);
  const markup: Markup[] = [
    element("rect", {
      x: 0.5,
      y: 0.5,
      width: width - 1,
      height: HEIGHT - 1,
      rx: 4,
      class: "f-free s-line",
      "stroke-dasharray": "3 3",
    }),
  ];
  let x = 0;
  for (const { name, pages, colour } of parts) {
    if (pages === 0) continue;
    const size = Math.min(width - x, Math.max(LEAST, pages / total * width));
    const label = size > 30
      ? text(
        String(pages),
        x + size / 2,
        HEIGHT / 2 + 4,
        `strong f-${colour === "granted" ? "text" : "inverse"}`,
        "middle",
      )
      : "";
    markup.push(
      named(
        `${name}: ${pages}`,
        element("rect", { x, y: 0, width: Math.max(1, size - 1), height: HEIGHT, rx: 3, class: `f-${colour}` }),
        label,
      ),
    );
    x += size;
  }
  return { height: HEIGHT, markup: markup.join("") };
}
