import type { Links } from "./links.ts";
import type { DrawnDomain } from "./machine.ts";
import type { Block } from "./picture.ts";
import { element, fit, type Markup, text } from "./svg.ts";
import { count } from "./words.ts";

/** The least distance of two domains that leaves room for what is said of their link. */
const NEAREST = 60;
const FURTHEST = 220;
const RADIUS = 20;
/** How high the nearest arc is. */
const LOWEST = 34;
/** How much each domain between the ends of an arc adds to its height: at least what a line of text needs. */
const LEAST_STEP = 15;
const LARGEST_STEP = 26;
/** How high the furthest arc is to be, if there are not too many domains. */
const HIGH = 300;

interface Arc {
  readonly from: number;
  readonly to: number;
  readonly height: number;
  readonly label: string;
  readonly colour: "mapped" | "held" | "channel";
}

/**
 * Draws the domains in a line, with arcs above for mapped pages, from the domain that grants to the one that maps, and
 * arcs below for event channels.
 *
 * @returns A block without height if there is no link to draw, or no room for all domains beside each other.
 */
export function arcs(domains: readonly DrawnDomain[], { maps, channels }: Links, width: number): Block {
  const places = new Map(domains.map(({ domid }, index) => [domid, index]));
  const between = ({ from, to }: { from: number | undefined; to: number | undefined }) =>
    from !== undefined && to !== undefined && from !== to;
  const pair = (from: number, to: number) => ({ from: places.get(from), to: places.get(to) });
  const above = maps.map((link) => ({ ...link, ...pair(link.granter, link.mapper) })).filter(between);
  const below = channels.map((link) => ({ ...link, ...pair(link.one, link.other) })).filter(between);
  const distance = Math.min(FURTHEST, (width - 2 * RADIUS - 40) / Math.max(1, domains.length - 1));
  if (above.length + below.length === 0 || distance < NEAREST) return { height: 0, markup: "" };

  const step = Math.max(LEAST_STEP, Math.min(LARGEST_STEP, HIGH / domains.length));
  const heightOf = (from: number, to: number) => LOWEST + step * (Math.abs(to - from) - 1);
  const upper = above.map(({ from, to, pages, held }): Arc => ({
    from: from!,
    to: to!,
    // The two directions of a pair lie above each other.
    height: heightOf(from!, to!) + (to! > from! ? 0 : 22),
    label: count(pages, "page"),
    colour: held ? "held" : "mapped",
  }));
  const lower = below.map(({ from, to, count: number }): Arc => ({
    from: from!,
    to: to!,
    height: heightOf(from!, to!),
    label: count(number, "channel"),
    colour: "channel",
  }));
  const reach = (list: readonly Arc[]) => list.reduce((most, { height }) => Math.max(most, height + 14), 0);
  const middle = reach(upper) + RADIUS;
  const start = RADIUS + 20;
  const x = (place: number) => start + place * distance;
  const nodes = domains.map(({ domid, destroyed }, place) => nodeOf(domid, destroyed, x(place), middle));
  const markup = [
    ...upper.map((arc) => arcOf(arc, x, middle - RADIUS, -1)),
    ...lower.map((arc) => arcOf(arc, x, middle + RADIUS, 1)),
    ...nodes,
    // Above all lines.
    ...upper.map((arc) => labelOf(arc, x, middle - RADIUS - arc.height - 5)),
    ...lower.map((arc) => labelOf(arc, x, middle + RADIUS + arc.height + 14)),
  ];
  return { height: middle + RADIUS + reach(lower) + 16, markup: markup.join("") };
}

/** Draws an arc with an arrow at the side that maps. `direction` is -1 for up, and 1 for down. */
function arcOf({ from, to, height, colour }: Arc, x: (place: number) => number, y: number, direction: -1 | 1): Markup {
  // Lines of different directions must not end in the same place.
  const shift = to > from ? 6 : -6;
  const [start, end] = [round(x(from) + shift), round(x(to) - shift)];
  // A cubic curve reaches three quarters of the height of its handles.
  const handle = round(y + direction * height * 4 / 3);
  const line = element("path", {
    d: `M${start} ${y}C${start} ${handle} ${end} ${handle} ${end} ${y}`,
    class: `none s-${colour}`,
    "stroke-width": 2,
    "stroke-dasharray": colour === "held" ? "5 3" : undefined,
  });
  if (colour === "channel") return line;
  return line + element("path", { d: `M${end} ${y}l-5 -8h10z`, class: `f-${colour}` });
}

function labelOf({ from, to, label, colour }: Arc, x: (place: number) => number, y: number): Markup {
  const room = Math.abs(x(to) - x(from)) + 20;
  return text(fit(label, room, 12), (x(from) + x(to)) / 2, y, `halo s-page f-${colour}`, "middle");
}

function nodeOf(domid: number, destroyed: boolean, x: number, y: number): Markup {
  const circle = element("circle", {
    cx: x,
    cy: y,
    r: RADIUS,
    class: `f-card s-${destroyed ? "voided" : "text"}`,
    "stroke-width": 1.5,
    ...(destroyed ? { "stroke-dasharray": "4 3" } : {}),
  });
  return circle + text(String(domid), x, y + 5, "strong f-text", "middle");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
