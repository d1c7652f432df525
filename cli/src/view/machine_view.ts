import {
  describePort,
  type DrawnDomain,
  type DrawnGrant,
  type DrawnMachine,
  mappersOf,
} from "@gntalloc/gntalloc/pictures";
import { pagesText } from "../counts.ts";
import type { Palette } from "../palette.ts";
import { writeReferences } from "../references.ts";

/** Shows a machine as text: each domain with what it grants, maps and has bound. */
export function machineView({ domains }: DrawnMachine, palette: Palette): string {
  if (domains.length === 0) return "no domains\n";
  return domains.map((domain) => domainView(domain, domains, palette)).join("");
}

function domainView(domain: DrawnDomain, domains: readonly DrawnDomain[], palette: Palette): string {
  const { domid, destroyed, counted, limit, grants, mappings, ports, connections } = domain;
  const held = grants.filter((grant) => grant.held).length;
  const mappers = mappersOf(domain, domains);
  const facts = [
    limit === Infinity ? `${pagesText(counted)}, no limit` : `${counted} of ${limit} pages`,
    ...(held > 0 ? [palette.warning(`${held} held by peers`)] : []),
    ...(connections.length > 0 ? [`${connections.length} × XenStore`] : []),
  ];
  const lines = [
    `${palette.strong(`domain ${domid}`)}${destroyed ? palette.bad(" destroyed") : ""}  ${facts.join(", ")}`,
    ...groupsOf(grants, (grant) => stateOf(grant, mappers.get(grant.gref))).map(([state, grefs]) =>
      `  grants ${writeReferences(grefs)} ${state}`
    ),
    ...mappings.map(({ writable, pages }) => {
      const granters = Map.groupBy(pages, (page) => page.domid);
      const of = [...granters].map(([granter, list]) =>
        `${writeReferences(list.map(({ gref }) => gref))} of domain ${granter}`
      );
      return `  maps ${of.join(" and ")}${writable ? ", writable" : ""}`;
    }),
    ...ports.map((port) => `  ${describePort(port)}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** What is said of a page, beside its reference. */
function stateOf({ domid, writable, held, mapped, voided }: DrawnGrant, mappers: readonly number[] = []) {
  const who = mappers.length > 0 ? ` by domain ${mappers.join(", ")}` : "";
  const state = voided ? ", void" : held ? `, freed but held${who}` : mapped ? `, mapped${who}` : "";
  return `to domain ${domid}${writable ? ", writable" : ""}${state}`;
}

/** Puts pages of the same state together, in the order in which the states come. */
function groupsOf(grants: readonly DrawnGrant[], state: (grant: DrawnGrant) => string): [string, number[]][] {
  return [...Map.groupBy(grants, state)].map(([words, list]) => [words, list.map(({ gref }) => gref)]);
}
