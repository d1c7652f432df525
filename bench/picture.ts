/**
 * The picture of a run: cost against live pages, a panel for each workload.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { median } from "./clock.ts";
import { groupsOf, isSame, type Results } from "./results.ts";

/** What the lines are called, in which colour; those that are not here are left out. */
const LINES: Record<string, { readonly name: string; readonly colour: string }> = {
  "founding/c": { name: "first driver's algorithm, C", colour: "#d1495b" },
  "leaf/deno": { name: "same design, TypeScript", colour: "#edae49" },
  "core/deno": { name: "this library, Deno", colour: "#00798c" },
  "mock/deno": { name: "this library, Deno", colour: "#00798c" },
  "core/node": { name: "this library, Node", colour: "#6a4c93" },
  "mock/node": { name: "this library, Node", colour: "#6a4c93" },
  "leaf/c": { name: "same design, C", colour: "#30343f" },
};

const COLUMNS = 3;
const PANEL = { width: 300, height: 210 };

/** The picture as an SVG file. */
export function picture(results: Results): string {
  const shown = groupsOf(results).filter(({ cases }) => cases.every(({ pending }) => pending === 0));
  const points = shown.flatMap(({ title, cases }, index) =>
    results.series.flatMap(({ side, case: one, rounds }) => {
      const line = LINES[side];
      if (!line || !cases.some((other) => isSame(one, other))) return [];
      const place = { column: index % COLUMNS, row: Math.floor(index / COLUMNS) };
      return [{ title, ...place, line: line.name, live: one.live, nanoseconds: median(rounds) }];
    })
  );
  const titles = shown.map(({ title }, index) => ({
    title,
    column: index % COLUMNS,
    row: Math.floor(index / COLUMNS),
  }));
  const names = [...new Map(Object.values(LINES).map(({ name, colour }) => [name, colour]))];
  const rows = Math.ceil(shown.length / COLUMNS);
  const height = rows * PANEL.height + 80;
  const { document } = parseHTML("<html><body></body></html>") as unknown as { document: Document };
  const panels = Plot.plot({
    document,
    width: COLUMNS * PANEL.width,
    height,
    marginLeft: 60,
    marginTop: 24,
    marginBottom: 60,
    x: { type: "log", label: "live pages", ticks: [1e2, 1e3, 1e4, 1e5, 1e6], tickFormat: "~s", grid: true },
    y: { type: "log", label: "nanoseconds a page", tickFormat: "~s", ticks: 6, grid: true },
    fx: { axis: null },
    fy: { axis: null },
    color: { domain: names.map(([name]) => name), range: names.map(([, colour]) => colour) },
    marks: [
      Plot.frame({ stroke: "#ccc" }),
      Plot.line(points, { fx: "column", fy: "row", x: "live", y: "nanoseconds", stroke: "line", marker: "dot" }),
      Plot.text(titles, { fx: "column", fy: "row", text: "title", frameAnchor: "top", dy: -14, fontWeight: "bold" }),
    ],
  });
  panels.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  // A picture of its own has the colour of no page behind it.
  panels.insertAdjacentHTML("afterbegin", `<rect width="100%" height="100%" fill="white"></rect>`);
  const bottom = height - 16;
  names.forEach(([name, colour], index) => {
    const left = 60 + index * 168;
    panels.insertAdjacentHTML(
      "beforeend",
      `<rect x="${left}" y="${bottom}" width="14" height="4" fill="${colour}"></rect>` +
        `<text x="${left + 18}" y="${bottom + 6}" text-anchor="start">${name}</text>`,
    );
  });
  return panels.outerHTML + "\n";
}
