import type { Block } from "./picture.ts";
import { fit, text, widthOf } from "./svg.ts";

/** Writes text in as many lines as it needs. A word that is wider than a line is cut. */
export function paragraph(content: string, width: number, className: string, fontSize: number): Block {
  const lines: string[] = [];
  for (const word of content.split(" ")) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(fit(word, width, fontSize));
  }
  const height = fontSize + 5;
  const markup = lines.map((line, index) => text(line, 0, index * height + fontSize, className));
  return { height: lines.length * height, markup: markup.join("") };
}
