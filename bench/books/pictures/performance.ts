/**
 * The picture of docs/performance.md: a panel for each workload, in two parts with a legend each.
 *
 * @module
 */
import { type Group, isOfBooks } from "../cases.ts";
import { groupsOf, type Results } from "../results.ts";
import {
  axisFor,
  type Colours,
  countText,
  drawKey,
  drawPanel,
  drawPicture,
  drawText,
  type Line,
  place,
  timeText,
  valuesOf,
} from "./chart.ts";
import { lineOf } from "./lines.ts";

const WIDTH = 700;
const COLUMNS = 2;
const PANEL = { width: WIDTH / COLUMNS, height: 254 };
const MARGIN = { top: 40, right: 20, bottom: 38, left: 68 };
/** Large enough to read at half the width, on a phone. */
const FONT_SIZE = 16;
const LEGEND_LINE = 26;
const PART_GAP = 44;

const COLOURS: Colours = {
  "first-driver": ["#c0362c", "#ff7b72"],
  c: ["#57606a", "#b1bac4"],
  typescript: ["#9a6700", "#e3b341"],
  "floor-deno": ["#0f7b3f", "#3fb950"],
  "floor-node": ["#3f9c35", "#a5d6a7"],
  deno: ["#0969da", "#58a6ff"],
  node: ["#8250df", "#d2a8ff"],
};

/** A side, and its line. Node's lines are dashed. */
interface Entry {
  readonly side: string;
  readonly className: string;
  readonly text: string;
  readonly dashed?: boolean;
}

const BOOKS: readonly Entry[] = [
  { side: "first_driver/c", className: "first-driver", text: "first driver's algorithm, C" },
  { side: "leaf/c", className: "c", text: "same design, C" },
  { side: "leaf/deno", className: "typescript", text: "same design, TypeScript in Deno" },
  { side: "core/deno", className: "deno", text: "this library's core, Deno" },
  { side: "core/node", className: "node", text: "this library's core, Node", dashed: true },
];

const END_TO_END: readonly Entry[] = [
  { side: "first_driver/c", className: "first-driver", text: "first driver's algorithm, C" },
  { side: "leaf/c", className: "c", text: "same work, C" },
  { side: "core/deno", className: "floor-deno", text: "JavaScript's floor, Deno" },
  { side: "core/node", className: "floor-node", text: "JavaScript's floor, Node", dashed: true },
  { side: "mock/deno", className: "deno", text: "this library on the mock, Deno" },
  { side: "mock/node", className: "node", text: "this library on the mock, Node", dashed: true },
];

/** Draws the cost of each workload against live pages. */
export function performancePicture(results: Pick<Results, "series">): string {
  const shown = groupsOf(results).filter(({ cases }) => cases.every(({ pending }) => pending === 0));
  const ofBooks = (group: Group) => isOfBooks(group.cases[0]!.workload);
  const parts: string[] = [];
  let y = 34;
  for (
    const [heading, entries, groups] of [
      ["the books alone: time per page, against live pages", BOOKS, shown.filter(ofBooks)],
      ["end to end: time per page, against live pages", END_TO_END, shown.filter((group) => !ofBooks(group))],
    ] as const
  ) {
    if (groups.length === 0) continue;
    parts.push(drawText(heading, 20, y, { fontSize: FONT_SIZE + 2, bold: true }));
    y += LEGEND_LINE + 4;
    for (const [index, { className, text, dashed }] of entries.entries()) {
      const column = index % COLUMNS;
      parts.push(drawKey({ className, text, dashed: dashed ?? false }, 20 + column * PANEL.width, y, FONT_SIZE));
      if (column === COLUMNS - 1 || index === entries.length - 1) y += LEGEND_LINE;
    }
    for (const [index, group] of groups.entries()) {
      const column = index % COLUMNS;
      parts.push(...drawGroup(results, group, entries, column * PANEL.width, y));
      if (column === COLUMNS - 1 || index === groups.length - 1) y += PANEL.height;
    }
    y += PART_GAP;
  }
  return drawPicture(WIDTH, y - PART_GAP + 6, "Time per page against live pages, for each workload", COLOURS, parts);
}

function drawGroup(
  results: Pick<Results, "series">,
  group: Group,
  entries: readonly Entry[],
  x: number,
  y: number,
): string[] {
  const lines = entries.map(({ side, className, dashed }): Line => ({
    ...lineOf(results, group, side, className),
    dashed: dashed ?? false,
  })).filter(({ points }) => points.length > 0);
  const panel = drawPanel({
    ...PANEL,
    margin: MARGIN,
    fontSize: FONT_SIZE,
    x: axisFor(valuesOf(lines, 0), countText),
    y: axisFor(valuesOf(lines, 1), timeText, 1.5, 1.5),
    lines,
  });
  return [place(panel, x, y), drawText(group.title, x + 20, y + 26, { fontSize: FONT_SIZE })];
}
