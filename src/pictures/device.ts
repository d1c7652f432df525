import type { DeviceReport } from "../grants/reports.ts";
import { allocation } from "./allocation.ts";
import { bar, type BarPart } from "./bar.ts";
import { legend, type LegendEntry, stateEntry, WRITABLE_ENTRY } from "./legend.ts";
import { checkPictureOptions, type PictureOptions } from "./options.ts";
import { type Block, MARGIN, picture, space, stack } from "./picture.ts";
import { paragraph } from "./paragraph.ts";
import { element, text } from "./svg.ts";
import { count } from "./words.ts";

/** How many allocations are drawn. */
const MOST_ALLOCATIONS = 64;
/** How many allocators have a line. */
const MOST_ALLOCATORS = 32;

/**
 * Draws what a device holds as SVG: its pages against its limit, its allocators and, if the device has
 * `trackAllocations`, each allocation with its pages and holes, and who made it. The picture needs no scripts, fonts or
 * files. It has a legend, and its description says the same to screen readers.
 *
 * @param report What `inspect()` of a `GrantDevice` returns.
 * @param options The title, the width and the colours.
 * @returns An SVG document, which can also be put into HTML as it is.
 * @throws {TypeError} if an option has the wrong type.
 * @throws {RangeError} if the width is out of bounds.
 *
 * @example Draw an allocation with a hole
 * ```ts
 * import { GrantDevice } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { drawDevice } from "@gntalloc/gntalloc/pictures";
 * import assert from "node:assert/strict";
 *
 * using device = new GrantDevice(new MockXen().domain(1), { trackAllocations: true });
 * const pages = device.open().allocate(0, { pages: 8 });
 * pages.free({ start: 2, count: 3 });
 *
 * const svg = drawDevice(device.inspect());
 * assert.match(svg, /5 of 1024 pages are live/);
 * assert.match(svg, /8 pages for domain 0, 3 freed/);
 * ```
 */
export function drawDevice(report: DeviceReport, options?: PictureOptions): string {
  const checked = checkPictureOptions("draw the device", options, "Grant device");
  const width = checked.width - 2 * MARGIN;
  const { live, limit, allocators, allocations = [] } = report;
  const heading = (words: string): Block => ({ height: 24, markup: text(words, 0, 14, "strong f-text") });
  return picture(checked, describe(report), [
    line(`${totals(report)}.`, width),
    bar(parts(report), limit === undefined || limit === Infinity ? live : limit, width),
    space(12),
    legend(entries(report), width),
    space(10),
    ...(allocators.length === 0 ? [] : [heading("Allocators")]),
    ...allocators.slice(0, MOST_ALLOCATORS).map(({ listed, mappings, next }, index) =>
      line(`${index + 1}: ${count(listed, "page")} listed, ${count(mappings, "mapping")}, next index ${next}`, width)
    ),
    ...more(allocators.length - MOST_ALLOCATORS, width),
    space(8),
    ...(allocations.length === 0 ? [] : [heading("Allocations")]),
    ...allocations.slice(0, MOST_ALLOCATIONS).map((one) => allocation(one, width)),
    ...more(allocations.length - MOST_ALLOCATIONS, width),
  ]);
}

function line(words: string, width: number): Block {
  return stack([paragraph(words, width, "f-faint", 12), space(3)]);
}

function more(number: number, width: number): Block[] {
  return number <= 0 ? [] : [line(`… and ${number} more`, width)];
}

function totals({ live, limit }: DeviceReport): string {
  if (limit === Infinity) return `${live} pages are live, without a limit`;
  return `${live}${limit === undefined ? "" : ` of ${limit}`} pages are live`;
}

/** The parts of the live pages. */
function parts({ live, listed, pending }: DeviceReport): BarPart[] {
  return [
    { name: "listed", pages: listed, colour: "granted" },
    { name: "freed, but mapped here", pages: Math.max(0, live - listed - pending), colour: "freed" },
    { name: "pending", pages: pending, colour: "pending" },
  ];
}

function entries(report: DeviceReport): LegendEntry[] {
  const bars = parts(report).filter(({ pages, colour }) => pages > 0 || colour === "granted").map((
    { name, pages, colour },
  ) => ({
    mark: element("rect", { x: 0, y: 2, width: 16, height: 12, rx: 2, class: `f-${colour}` }),
    meaning: `${name}: ${pages}`,
  }));
  if (!report.allocations?.length) return bars;
  return [
    ...bars,
    stateEntry("granted", "allocated"),
    stateEntry("mapped", "mapped here, all or in part"),
    stateEntry("free", "freed"),
    ...(report.allocations.some(({ writable }) => writable) ? [WRITABLE_ENTRY] : []),
  ];
}

function describe(report: DeviceReport): string {
  const { mapped, pending, freedMapped, allocators, allocations } = report;
  return [
    `${totals(report)}: ${report.listed} are listed, ${mapped} mapped in this process, ${pending} pending, and ` +
    `${freedMapped} freed but still mapped here.`,
    `There ${allocators.length === 1 ? "is" : "are"} ${count(allocators.length, "open allocator")}.`,
    ...(allocations ?? []).slice(0, MOST_ALLOCATIONS).map(({ domid, pages, freed, mappings }) =>
      `${count(pages, "page")} for domain ${domid}, ${freed} freed, ${count(mappings, "mapping")} here.`
    ),
  ].join(" ");
}
