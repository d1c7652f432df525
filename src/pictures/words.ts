/**
 * What a picture says in words: for screen readers, and where the pointer rests.
 *
 * @module
 */
import type { DrawnDomain, DrawnGrant, DrawnMachine, DrawnPort } from "./machine.ts";
import type { Links } from "./links.ts";

/** A number with its noun: "1 page", "2 pages". */
export function count(number: number, noun: string): string {
  return `${number === 0 ? "no" : number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Names in a sentence: "0, 3 and 5". */
export function list(names: readonly (string | number)[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Describes a granted page. */
export function describeGrant(
  { gref, domid, writable, process, held, voided }: DrawnGrant,
  mappers: readonly number[],
) {
  const parts = [`reference ${gref}: granted to domain ${domid}, ${writable ? "which may write" : "read-only"}`];
  if (mappers.length > 0) parts.push(`mapped by domain ${list(mappers)}`);
  if (held) parts.push("freed by its owner, held by its peer");
  if (voided) parts.push("void: the domain was restored");
  parts.push(process === undefined ? "its program is gone" : `granted by program ${process}`);
  return parts.join("; ");
}

/**
 * Describes a port in a few words.
 *
 * @param port A port of a domain.
 * @returns What it is for, without a full stop.
 *
 * @example List the ports of a domain
 * ```ts
 * import { EventChannels } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import { describePort } from "@gntalloc/gntalloc/pictures";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * new EventChannels(xen.domain(1)).bindUnbound(0);
 * assert.deepEqual(xen.inspect().domains[0]!.ports.map(describePort), ["port 1: waits for domain 0"]);
 * ```
 */
export function describePort({ port, domid, remotePort, virq, voided }: DrawnPort): string {
  if (voided) return `port ${port}: void`;
  if (virq !== undefined) return `port ${port}: VIRQ ${virq}`;
  if (remotePort === undefined) return `port ${port}: waits for domain ${domid}`;
  return `port ${port} ⇄ domain ${domid}, port ${remotePort}`;
}

/** Describes a whole machine: a sentence for each domain and each link. */
export function describeMachine({ domains }: DrawnMachine, { maps, channels }: Links): string {
  if (domains.length === 0) return "The machine has no domains.";
  const sentences = domains.map(describeDomain);
  for (const { granter, mapper, pages, held } of maps) {
    const left = held ? ", some of which were freed" : "";
    sentences.push(`Domain ${mapper} maps ${count(pages, "page")} of domain ${granter}${left}.`);
  }
  for (const { one, other, count: number } of channels) {
    sentences.push(`${capital(count(number, "event channel"))} between domains ${one} and ${other}.`);
  }
  return sentences.join(" ");
}

function describeDomain({ domid, destroyed, grants, limit, counted, ports, connections }: DrawnDomain): string {
  const mapped = grants.filter((grant) => grant.mapped).length;
  const held = grants.filter((grant) => grant.held).length;
  const parts = [
    `grants ${count(grants.length, "page")}${mapped > 0 ? `, ${mapped} of them mapped` : ""}` +
    `${held > 0 ? `, ${held} held by peers` : ""}`,
    `has ${limit === Infinity ? count(counted, "page") : `${counted} of ${limit} pages`} in use`,
    `has ${count(ports.length, "port")} and ${count(connections.length, "connection")} to XenStore`,
  ];
  return `Domain ${domid}${destroyed ? ", which was destroyed," : ""} ${list(parts)}.`;
}

function capital(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
