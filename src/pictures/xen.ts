import { arcs } from "./arcs.ts";
import { card } from "./card.ts";
import { legend, type LegendEntry, stateEntry, WRITABLE_ENTRY } from "./legend.ts";
import { linksOf } from "./links.ts";
import type { DrawnMachine } from "./machine.ts";
import { checkPictureOptions, type PictureOptions } from "./options.ts";
import { MARGIN, picture, space } from "./picture.ts";
import { element } from "./svg.ts";
import { describeMachine } from "./words.ts";

/** How many domains are drawn with all that they hold. */
const MOST_CARDS = 64;

/**
 * Draws a machine as SVG: who maps whose pages and who has event channels with whom, then the grant table of each
 * domain as a grid, with its ports and mappings. The picture needs no scripts, fonts or files. It has a legend, and its
 * description says the same to screen readers.
 *
 * @param report What `inspect()` of a `MockXen` returns.
 * @param options The title, the width and the colours.
 * @returns An SVG document, which can also be put into HTML as it is.
 * @throws {TypeError} if an option has the wrong type.
 * @throws {RangeError} if the width is out of bounds.
 *
 * @example Draw a page that is shared between two domains
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { drawXen } from "@gntalloc/gntalloc/pictures";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using share = new GrantDevice(xen.domain(1)).open().share(0);
 * using theirs = new GrantMapper(xen.domain(0)).map(1, share.grefs);
 *
 * const svg = drawXen(xen.inspect());
 * assert.match(svg, /^<svg /);
 * assert.match(svg, /Domain 0 maps 1 page of domain 1\./);
 * ```
 */
export function drawXen(report: DrawnMachine, options?: PictureOptions): string {
  const checked = checkPictureOptions("draw the machine", options, "Simulated Xen");
  const links = linksOf(report);
  const { domains } = report;
  const width = checked.width - 2 * MARGIN;
  const drawn = domains.slice(0, MOST_CARDS);
  return picture(checked, describeMachine(report, links), [
    legend(entries(report), width),
    space(8),
    arcs(domains, links, width),
    ...drawn.map((domain) => card(domain, domains, width)),
    ...(drawn.length < domains.length
      ? [legend([{ mark: "", meaning: `… and ${domains.length - drawn.length} more domains` }], width)]
      : []),
  ]);
}

/** Explains what is in the picture. */
function entries({ domains }: DrawnMachine): LegendEntry[] {
  const grants = domains.flatMap((domain) => domain.grants);
  const ports = domains.flatMap((domain) => domain.ports);
  return [
    stateEntry("free", "free"),
    stateEntry("granted", "granted"),
    stateEntry("mapped", "mapped, by domain 0", "0"),
    stateEntry("held", "freed, but held by domain 0", "0"),
    ...(grants.some(({ voided }) => voided) ? [stateEntry("voided", "void since a restore")] : []),
    ...(grants.some(({ writable }) => writable) ? [WRITABLE_ENTRY] : []),
    ...(ports.length > 0
      ? [{ mark: element("rect", { x: 0, y: 7, width: 16, height: 2, class: "f-channel" }), meaning: "event channel" }]
      : []),
  ];
}
