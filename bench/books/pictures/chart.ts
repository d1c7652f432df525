/**
 * What the pictures of the bench have in common: lines over two logarithmic axes, in light and in dark mode.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** One line of a picture. */
export interface Line {
  /** Its class, which gives it its colour. */
  readonly className: string;
  /** Points from left to right: one for each x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Whether it is dashed. */
  readonly dashed?: boolean;
}

/** A text that is placed at a point of the axes. */
interface Label {
  readonly className: string;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** Offset in pixels: down is positive. */
  readonly dy: number;
  readonly anchor: "start" | "middle" | "end";
}

/** One pair of axes with its lines. */
interface Panel {
  readonly width: number;
  readonly height: number;
  readonly margin: { readonly top: number; readonly right: number; readonly bottom: number; readonly left: number };
  readonly fontSize: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  readonly labels?: readonly Label[];
}

/** A logarithmic axis. */
interface Axis {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

/** Colours of the page in light and dark mode. Each line's class gets one of its own. */
export type Colours = Readonly<Record<string, readonly [light: string, dark: string]>>;

const PAGE: Colours = { page: ["#ffffff", "#0d1117"], text: ["#1f2328", "#e6edf3"], grid: ["#d0d7de", "#30363d"] };

/** Draws a panel as an SVG element. */
export function drawPanel({ width, height, margin, fontSize, x, y, lines, labels = [] }: Panel): string {
  const { document } = parseHTML("<html><body></body></html>") as unknown as { document: Document };
  const ticks = { tickSize: 0, fontSize, className: "text" };
  const panel = Plot.plot({
    document,
    width,
    height,
    marginTop: margin.top,
    marginRight: margin.right,
    marginBottom: margin.bottom,
    marginLeft: margin.left,
    x: { type: "log", domain: x.domain, label: null },
    y: { type: "log", domain: y.domain, label: null },
    marks: [
      Plot.gridX(x.ticks, { className: "grid", strokeOpacity: 1 }),
      Plot.gridY(y.ticks, { className: "grid", strokeOpacity: 1 }),
      Plot.axisX(x.ticks, { ...ticks, tickPadding: fontSize * 0.75, tickFormat: x.format }),
      Plot.axisY(y.ticks, { ...ticks, tickPadding: fontSize / 2, tickFormat: y.format }),
      ...lines.flatMap(({ className, points, dashed }) => [
        Plot.line(points, {
          className: `line ${className}`,
          strokeWidth: fontSize / 6,
          ...(dashed ? { strokeDasharray: dashes(fontSize) } : {}),
        }),
        Plot.dot(points, { className, r: fontSize / 5, fill: "currentColor", stroke: "none" }),
      ]),
      ...labels.map(({ className, text, dy, anchor, ...at }) =>
        Plot.text([at], {
          x: "x",
          y: "y",
          text: () => text,
          className,
          fontSize,
          dy,
          textAnchor: anchor,
          fontWeight: 600,
        })
      ),
    ],
  });
  // Plot's own style sheet sets colours and fonts. This picture has one style sheet for all its panels.
  panel.querySelector("style")?.remove();
  return panel.outerHTML;
}

/** How a text outside of a panel looks. */
interface TextStyle {
  readonly fontSize: number;
  readonly bold?: boolean;
  readonly anchor?: "start" | "middle";
}

/** Draws a text outside of a panel. */
export function drawText(text: string, x: number, y: number, { fontSize, bold, anchor = "start" }: TextStyle): string {
  return `<text x="${x}" y="${y}" font-size="${fontSize}" font-weight="${bold ? 600 : 400}" text-anchor="${anchor}" ` +
    `fill="currentColor" class="text">${escaped(text)}</text>`;
}

/** Draws an entry of a legend: a short line, and what it stands for. */
export function drawKey(
  { className, text, dashed }: { readonly className: string; readonly text: string; readonly dashed: boolean },
  x: number,
  y: number,
  fontSize: number,
): string {
  const middle = y - fontSize / 3;
  return `<line class="${className}" x1="${x}" x2="${x + 28}" y1="${middle}" y2="${middle}" stroke="currentColor" ` +
    `stroke-width="${fontSize / 6}"${dashed ? ` stroke-dasharray="${dashes(fontSize)}"` : ""}></line>` +
    drawText(text, x + 36, y, { fontSize });
}

function dashes(fontSize: number): string {
  return `${fontSize / 2} ${fontSize / 3}`;
}

/** Places a panel in a picture. */
export function place(panel: string, x: number, y: number): string {
  return panel.replace("<svg ", `<svg x="${x}" y="${y}" `);
}

/** Puts a picture together, with a background of its own so that it is readable on any page. */
export function drawPicture(
  width: number,
  height: number,
  title: string,
  colours: Colours,
  parts: readonly string[],
): string {
  const rules = (mode: 0 | 1) =>
    Object.entries({ ...PAGE, ...colours }).map(([name, pair]) => `.${name}{color:${pair[mode]}}`).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img" ` +
    `font-family="system-ui, sans-serif">\n<title>${escaped(title)}</title>\n` +
    `<style>${rules(0)}@media (prefers-color-scheme: dark){${rules(1)}}</style>\n` +
    `<rect class="page" width="${width}" height="${height}" rx="8" fill="currentColor"></rect>\n` +
    `${parts.join("\n")}\n</svg>\n`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** A power of ten for an axis: 100, 10k, 1M. */
export function countText(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : String(value);
}

/** A time for an axis. */
export function timeText(nanoseconds: number): string {
  if (nanoseconds >= 1e6) return `${nanoseconds / 1e6} ms`;
  return nanoseconds >= 1e3 ? `${nanoseconds / 1e3} µs` : `${nanoseconds} ns`;
}

/**
 * A logarithmic axis for some values, with a tick at each power of ten.
 *
 * @param below Room below the least value, as a factor.
 * @param above Room above the greatest value, as a factor.
 */
export function axisFor(values: readonly number[], format: Axis["format"], below = 1, above = 1): Axis {
  const domain = [Math.min(...values) / below, Math.max(...values) * above] as const;
  const [first, last] = [Math.ceil(Math.log10(domain[0])), Math.floor(Math.log10(domain[1]))];
  return { domain, ticks: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)), format };
}

/** All values of some lines on one axis: 0 is x, 1 is y. */
export function valuesOf(lines: readonly Line[], axis: 0 | 1): number[] {
  return lines.flatMap(({ points }) => points.map((point) => point[axis]));
}
