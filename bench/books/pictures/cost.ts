/**
 * The picture of the README: cost against live pages, in one panel.
 *
 * @module
 */
import type { Case } from "../cases.ts";
import { groupsOf, type Results } from "../results.ts";
import { axisFor, type Colours, countText, drawPanel, drawPicture, drawText, timeText, valuesOf } from "./chart.ts";
import { lineOf } from "./lines.ts";

const WIDTH = 700;
const HEIGHT = 440;
const MARGIN = { top: 56, right: 36, bottom: 80, left: 88 };
/** Large enough to read at half the width, on a phone. */
const FONT_SIZE = 20;

const COLOURS: Colours = {
  "first-driver": ["#c0362c", "#ff7b72"],
  "public-api": ["#0969da", "#58a6ff"],
  core: ["#0f7b3f", "#3fb950"],
};

/** The lines, and where each has its label: above one of its points, or below it. */
const LINES = [
  {
    side: "first_driver/c",
    workload: "lifo",
    className: "first-driver",
    text: "first driver's algorithm, in C",
    at: -2,
    dy: -1,
  },
  {
    side: "mock/deno",
    workload: "share",
    className: "public-api",
    text: "this library: public API, on the mock",
    at: -1,
    dy: 1,
  },
  { side: "core/deno", workload: "lifo", className: "core", text: "this library: core alone", at: -1, dy: 1 },
] as const;

/** Draws cost against live pages: the first driver's algorithm, this library's core, and the public API on the mock. */
export function costPicture(results: Pick<Results, "series">): string {
  const measured = groupsOf(results);
  const groupOf = (workload: Case["workload"]) =>
    measured.find(({ cases }) =>
      cases.every((one) => one.workload === workload && one.pages === 1 && one.pending === 0)
    );
  const lines = LINES.flatMap(({ side, workload, ...line }) => {
    const group = groupOf(workload);
    return group ? [{ ...line, ...lineOf(results, group, side, line.className) }] : [];
  }).filter(({ points }) => points.length > 0);
  const panel = drawPanel({
    width: WIDTH,
    height: HEIGHT,
    margin: MARGIN,
    fontSize: FONT_SIZE,
    x: axisFor(valuesOf(lines, 0), countText),
    y: axisFor(valuesOf(lines, 1), timeText, 5, 2),
    lines,
    labels: lines.map(({ className, text, points, at, dy }) => {
      const [x, y] = points.at(at) ?? points.at(-1)!;
      return { className, text, x, y, dy: dy * FONT_SIZE, anchor: "end" };
    }),
  });
  const middle = (MARGIN.left + WIDTH - MARGIN.right) / 2;
  return drawPicture(WIDTH, HEIGHT, "Time to allocate and free one page, against live pages", COLOURS, [
    panel,
    drawText("time to allocate and free one page", 20, 34, { fontSize: FONT_SIZE, bold: true }),
    drawText("live pages", middle, HEIGHT - 18, { fontSize: FONT_SIZE, bold: true, anchor: "middle" }),
  ]);
}
