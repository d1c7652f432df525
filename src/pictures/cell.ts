import { element, type Markup, text } from "./svg.ts";

/**
 * The state of a page in a picture.
 *
 * - `free`: nothing is granted by this reference.
 * - `granted`: the page is granted, and nobody has mapped it by its reference.
 * - `mapped`: it is mapped by its reference.
 * - `held`: it is mapped although its owner has freed it, or died.
 * - `voided`: nobody can map it any more, because its domain was restored.
 */
export type CellState = "free" | "granted" | "mapped" | "held" | "voided";

/** A page in a picture. */
export interface Cell {
  readonly state: CellState;
  /** At most three characters, such as the domain that maps it. */
  readonly label: string;
  /** Whether the peer can write to it: shown by a line at its foot. */
  readonly writable: boolean;
}

/** Draws a page as a square. */
export function cellOf({ state, label, writable }: Cell, x: number, y: number, size: number): Markup {
  const border = state === "free" ? "s-line" : `s-${state}`;
  const square = element("rect", {
    x: x + 0.5,
    y: y + 0.5,
    width: size - 1,
    height: size - 1,
    rx: state === "held" ? size / 2 : 2.5,
    class: `f-${state === "voided" ? "free" : state} ${border}`,
    ...(state === "free" ? { "stroke-dasharray": "2 2" } : {}),
  });
  const marks: Markup[] = [];
  if (state === "voided") {
    const far = size - 4;
    marks.push(
      element("path", {
        d: `M${x + 4} ${y + 4}L${x + far} ${y + far}M${x + far} ${y + 4}L${x + 4} ${y + far}`,
        class: "s-voided",
      }),
    );
  } else if (label !== "") {
    const ink = state === "mapped" || state === "held" ? "f-inverse" : "f-text";
    marks.push(text(label, x + size / 2, y + size / 2 + 3.5, `cell ${ink}`, "middle"));
  }
  if (writable && state !== "voided") {
    const ink = state === "mapped" || state === "held" ? "f-inverse" : "f-mapped";
    marks.push(element("rect", { x: x + 4, y: y + size - 3.5, width: size - 8, height: 1.5, class: ink }));
  }
  return square + marks.join("");
}
