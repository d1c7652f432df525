import type { DrawnDomain, DrawnMachine } from "./machine.ts";

/** What domains have in common with each other. */
export interface Links {
  /** Who maps pages of whom. */
  readonly maps: readonly MapLink[];
  /** Who is connected to whom by event channels. A pair is listed once. */
  readonly channels: readonly ChannelLink[];
}

/** Pages of one domain that another one maps. */
export interface MapLink {
  readonly granter: number;
  readonly mapper: number;
  /** How many pages. A page that is mapped twice counts once. */
  readonly pages: number;
  /** Whether the granter has freed any of them, or died. */
  readonly held: boolean;
}

/** Event channels between two domains. */
export interface ChannelLink {
  readonly one: number;
  readonly other: number;
  readonly count: number;
}

/** Finds the links between the domains of a machine, by the numbers of the domains. */
export function linksOf({ domains }: DrawnMachine): Links {
  return { maps: domains.flatMap((domain) => mapsOf(domain, domains)), channels: channelsOf(domains) };
}

/**
 * Finds the domains that map the pages of a domain.
 *
 * @param granter The domain that grants the pages.
 * @param domains The domains of the machine.
 * @returns The numbers of the domains that map a page, by its reference. A page that nobody maps is not there.
 *
 * @example See who maps a page
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { mappersOf } from "@gntalloc/gntalloc/pictures";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * const { grefs } = new GrantDevice(xen.domain(1)).open().allocate(0);
 * new GrantMapper(xen.domain(0)).map(1, grefs);
 * const { domains } = xen.inspect();
 * const granter = domains.find(({ domid }) => domid === 1)!;
 * assert.deepEqual(mappersOf(granter, domains).get(grefs[0]!), [0]);
 * ```
 */
export function mappersOf(
  granter: DrawnDomain,
  domains: readonly DrawnDomain[],
): ReadonlyMap<number, readonly number[]> {
  const mappers = new Map<number, number[]>();
  for (const { domid, mappings } of domains) {
    for (const { pages } of mappings) {
      for (const page of pages) {
        if (page.domid !== granter.domid) continue;
        const list = mappers.get(page.gref) ?? [];
        if (!list.includes(domid)) mappers.set(page.gref, [...list, domid]);
      }
    }
  }
  return mappers;
}

function mapsOf(granter: DrawnDomain, domains: readonly DrawnDomain[]): MapLink[] {
  const held = new Set(granter.grants.filter((grant) => grant.held).map(({ gref }) => gref));
  const links = new Map<number, { pages: number; held: boolean }>();
  for (const [gref, mappers] of mappersOf(granter, domains)) {
    for (const mapper of mappers) {
      const link = links.get(mapper) ?? { pages: 0, held: false };
      links.set(mapper, { pages: link.pages + 1, held: link.held || held.has(gref) });
    }
  }
  return [...links].map(([mapper, link]) => ({ granter: granter.domid, mapper, ...link }));
}

function channelsOf(domains: readonly DrawnDomain[]): ChannelLink[] {
  const channels = new Map<string, ChannelLink>();
  for (const { domid, ports } of domains) {
    for (const port of ports) {
      if (port.voided || port.domid === undefined || port.remotePort === undefined) continue;
      // Both ends are listed: count the lower one. Of a channel of a domain with itself, the lower port.
      if (port.domid < domid || (port.domid === domid && port.remotePort < port.port)) continue;
      const key = `${domid} ${port.domid}`;
      const count = (channels.get(key)?.count ?? 0) + 1;
      channels.set(key, { one: domid, other: port.domid, count });
    }
  }
  return [...channels.values()];
}
