import type { AllocationReport, DeviceReport } from "@gntalloc/gntalloc/pictures";
import { pagesText } from "../counts.ts";
import type { Palette } from "../palette.ts";
import { printable } from "../printable.ts";

const BAR = 40;

/** Shows what a device holds as text. */
export function deviceView(report: DeviceReport, palette: Palette): string {
  const { limit, live, listed, mapped, pending, freedMapped, allocators, allocations = [] } = report;
  const whole = limit === undefined || limit === Infinity ? pagesText(live) : `${live} of ${limit} pages`;
  const lines = [
    `${palette.strong(`${whole} live`)}${limit === Infinity ? ", no limit" : ""}  ${bar(live, limit, palette)}`,
    `listed ${listed}, mapped here ${mapped}, freed but mapped here ${freedMapped}, ` +
    (pending > 0 ? palette.warning(`pending ${pending}`) : "pending 0"),
    ...allocators.map(({ listed, mappings, next }, index) =>
      `allocator ${index + 1}: ${listed} listed, ${mappings} mappings, next index ${next}`
    ),
    ...allocations.map((allocation) => allocationView(allocation, palette)),
  ];
  return `${lines.join("\n")}\n`;
}

function bar(live: number, limit: number | undefined, palette: Palette): string {
  if (limit === undefined || limit === Infinity || limit === 0) return "";
  const full = Math.min(BAR, Math.ceil(live / limit * BAR));
  const colour = live >= limit ? palette.bad : live > 0.8 * limit ? palette.warning : palette.good;
  return `${colour("█".repeat(full))}${palette.faint("░".repeat(BAR - full))}`;
}

function allocationView(
  { domid, pages, writable, freed, mappings, age, stack }: AllocationReport,
  palette: Palette,
): string {
  const facts = [
    `${pages} for domain ${domid}`,
    ...(writable ? ["writable"] : []),
    ...(freed > 0 ? [`${freed} freed`] : []),
    ...(mappings > 0 ? [`mapped ${mappings}×`] : []),
    `${Math.round(age / 1000)} s`,
  ];
  const [caller = ""] = stack.split("\n");
  return `  ${facts.join(", ")}${caller === "" ? "" : ` ${palette.faint(printable(caller))}`}`;
}
