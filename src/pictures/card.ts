import type { CellState } from "./cell.ts";
import { chips } from "./chips.ts";
import { grid, type GridCell } from "./grid.ts";
import { mappersOf } from "./links.ts";
import type { DrawnDomain, DrawnGrant } from "./machine.ts";
import { type Block, space, stack } from "./picture.ts";
import { paragraph } from "./paragraph.ts";
import { element, text, widthOf } from "./svg.ts";
import { count, describeGrant, describePort } from "./words.ts";

/** Linux keeps the references below for itself. */
const FIRST_GREF = 8;
const PADDING = 14;

/** Draws a domain: its grant table, its ports, and what it maps. */
export function card(domain: DrawnDomain, domains: readonly DrawnDomain[], width: number): Block {
  const inner = width - 2 * PADDING;
  const { grants, mappings, ports } = domain;
  const mappers = mappersOf(domain, domains);
  const blocks: Block[] = [header(domain, inner)];
  if (grants.length > 0) {
    blocks.push(
      grid(grants.map((grant) => cellFor(grant, mappers.get(grant.gref) ?? [])), FIRST_GREF, inner),
      space(6),
    );
  }
  const maps = mappings.map(({ writable, pages }) => {
    const granters = [...new Set(pages.map(({ domid }) => domid))].join(", ");
    return `maps ${count(pages.length, "page")} of domain ${granters}${writable ? ", writable" : ""}`;
  });
  const words = [
    ...maps.map((label) => ({ label, colour: "mapped" as const })),
    ...ports.map((port) => ({
      label: describePort(port),
      colour: port.voided ? "voided" as const : "channel" as const,
    })),
  ];
  if (words.length > 0) blocks.push(chips(words, inner));
  const body = stack(blocks);
  const height = body.height + 2 * PADDING - 6;
  const frame = element("rect", {
    x: 0.5,
    y: 0.5,
    width: width - 1,
    height: height - 1,
    rx: 8,
    class: "f-card s-line",
    ...(domain.destroyed ? { "stroke-dasharray": "6 4" } : {}),
  });
  return {
    height: height + 12,
    markup: frame + element("g", { transform: `translate(${PADDING} ${PADDING})` }, body.markup),
  };
}

function header(
  { domid, destroyed, counted, limit, processes, connections, grants }: DrawnDomain,
  width: number,
): Block {
  const name = `Domain ${domid}${destroyed ? " (destroyed)" : ""}`;
  const held = grants.filter((grant) => grant.held).length;
  const facts = [
    limit === Infinity ? `${count(counted, "page")}, no limit` : `${counted} of ${limit} pages`,
    ...(held > 0 ? [`${held} held by peers`] : []),
    ...(processes.length === 1 ? [] : [count(processes.length, "program")]),
    ...(connections.length > 0 ? [`${connections.length} × XenStore`] : []),
  ].join(" · ");
  const start = widthOf(name, 14) + 16;
  const isBeside = start + widthOf(facts, 12) <= width;
  const title = text(name, 0, 12, "strong f-text");
  return isBeside
    ? { height: 26, markup: title + text(facts, width, 12, "f-faint", "end") }
    : stack([{ height: 20, markup: title }, paragraph(facts, width, "f-faint", 12), space(6)]);
}

function cellFor(grant: DrawnGrant, mappers: readonly number[]): GridCell {
  return {
    number: grant.gref,
    state: stateOf(grant),
    label: mappers.length === 0 ? "" : mappers.length === 1 ? short(mappers[0]!) : `×${mappers.length}`,
    writable: grant.writable,
    name: describeGrant(grant, mappers),
  };
}

function stateOf({ voided, held, mapped }: DrawnGrant): CellState {
  return voided ? "voided" : held ? "held" : mapped ? "mapped" : "granted";
}

/** A domid in three characters. */
function short(domid: number): string {
  return domid < 1000 ? String(domid) : "…";
}
