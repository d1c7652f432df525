import type { AllocationReport } from "../grants/reports.ts";
import { cellOf } from "./cell.ts";
import { paragraph } from "./paragraph.ts";
import { type Block, space, stack as stacked } from "./picture.ts";
import { type Markup, named, text } from "./svg.ts";
import { count } from "./words.ts";

const PITCH = 22;
/** How many lines of pages an allocation has. */
const MOST_LINES = 4;

/** Draws an allocation: what it is and who made it, and its pages in order, with holes where pages were freed. */
export function allocation(report: AllocationReport, width: number): Block {
  const { domid, writable, page, pages, mappings, freed, age, stack } = report;
  const facts = [
    `${count(pages, "page")} for domain ${domid}`,
    ...(writable ? ["which may write"] : []),
    ...(freed > 0 ? [`${freed} freed`] : []),
    ...(mappings > 0 ? [`mapped here${mappings > 1 ? ` ${mappings} times` : ""}`] : []),
    `index ${page}${pages > 1 ? ` to ${page + pages - 1}` : ""}`,
    `${ageOf(age)} old`,
  ].join(", ");
  const [caller = ""] = stack.split("\n");
  return stacked([
    paragraph(facts, width, "f-text", 12),
    ...(caller === "" ? [] : [paragraph(caller, width, "small f-faint", 11)]),
    space(4),
    cells(report, width),
    space(10),
  ]);
}

/** Draws the pages in order, with holes. */
function cells({ writable, page, pages, grefs, mappings, freedPages }: AllocationReport, width: number): Block {
  const holes = new Set(freedPages);
  const columns = Math.max(1, Math.floor(width / PITCH));
  const shown = Math.min(pages, columns * MOST_LINES);
  const markup: Markup[] = [];
  for (let index = 0; index < shown; index++) {
    const isFree = holes.has(index);
    const state = isFree ? "free" : mappings > 0 ? "mapped" : "granted";
    const [x, y] = [index % columns * PITCH, Math.floor(index / columns) * PITCH];
    const cell = cellOf({ state, label: "", writable: writable && !isFree }, x, y, PITCH - 3);
    markup.push(named(`index ${page + index}: ${isFree ? "freed" : `reference ${grefs[index]}`}`, cell));
  }
  const height = Math.ceil(shown / columns) * PITCH;
  if (shown === pages) return { height, markup: markup.join("") };
  markup.push(text(`… and ${pages - shown} more pages`, 0, height + 10, "small f-faint"));
  return { height: height + 14, markup: markup.join("") };
}

function ageOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
