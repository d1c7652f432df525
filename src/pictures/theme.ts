/**
 * The colours of pictures, and the sheet of styles that every picture carries. Each state also has a shape of its own,
 * so that nobody needs to tell colours apart.
 *
 * @module
 */

/** The class of the root. All rules apply below it, so that pictures do not restyle a page that they are put into. */
export const ROOT_CLASS = "gntalloc-picture";

/** What can be coloured: in light and in dark mode. */
const COLOURS = {
  page: ["#ffffff", "#0d1117"],
  card: ["#f6f8fa", "#161b22"],
  line: ["#d0d7de", "#484f58"],
  text: ["#1f2328", "#e6edf3"],
  faint: ["#59636e", "#9198a1"],
  free: ["#ffffff", "#0d1117"],
  granted: ["#b6d8ff", "#1c4f8f"],
  mapped: ["#0b5cad", "#58a6ff"],
  held: ["#d9730d", "#f0a03c"],
  pending: ["#d9730d", "#f0a03c"],
  freed: ["#8250df", "#b893f7"],
  voided: ["#6e7781", "#8b949e"],
  channel: ["#1a7f37", "#3fb950"],
  inverse: ["#ffffff", "#0d1117"],
} as const satisfies Readonly<Record<string, readonly [light: string, dark: string]>>;

/** The name of a colour. */
export type Colour = keyof typeof COLOURS;

const FONT = "12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

/** The rules for one mode. An element has a class for its fill, `f-` and a colour, and one for its line, `s-`. */
function rules(mode: 0 | 1, prefix: string): string {
  return Object.entries(COLOURS).map(([name, colours]) => {
    const colour = colours[mode];
    return `${prefix} .f-${name}{fill:${colour}}${prefix} .s-${name}{stroke:${colour}}`;
  }).join("");
}

/** Returns the sheet of styles. */
export function styles(theme: "auto" | "light" | "dark"): string {
  // Pictures of different themes on one page must not share a class.
  const root = `.${ROOT_CLASS}.${theme}`;
  const common = `${root} text{font:${FONT}}${root} .large{font-size:18px;font-weight:600}` +
    `${root} .strong{font-size:14px;font-weight:600}${root} .small{font-size:11px}` +
    `${root} .cell{font-size:10px;font-weight:600}${root} .none{fill:none}` +
    `${root} .halo{paint-order:stroke;stroke-width:5px;stroke-linejoin:round}`;
  switch (theme) {
    case "light":
      return common + rules(0, root);
    case "dark":
      return common + rules(1, root);
    case "auto":
      return `${common}${rules(0, root)}@media (prefers-color-scheme:dark){${rules(1, root)}}`;
  }
}
