import type { MockDomainReport, MockGrantReport, MockXenReport } from "./report.ts";
import { ranges } from "./words.ts";

const VOID = ", void since the domain was restored";

/** What is granted, mapped, bound and connected, in words. */
export function leftovers({ domains }: MockXenReport): string[] {
  return domains.flatMap((domain) => [
    ...grantsLeft(domain),
    ...mappingsLeft(domain),
    ...portsLeft(domain),
    ...connectionsLeft(domain),
  ]);
}

/** A program, in words. The main program goes by the name of its domain. */
function nameOf(domid: number, process: number | undefined): string {
  return process ? `process ${process} of domain ${domid}` : `domain ${domid}`;
}

/** Items in groups of the same key, in the order of the first of each. */
function grouped<Item>(items: readonly Item[], key: (item: Item) => unknown): Item[][] {
  const groups = new Map<unknown, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

function grantsLeft({ domid, grants }: MockDomainReport): string[] {
  return grouped(grants, (grant) => `${grant.process} ${grant.domid} ${grant.held} ${grant.voided}`).map((group) => {
    const [{ process, domid: to, held, voided }] = group as [MockGrantReport];
    const what = group.length === 1 ? "a page by reference" : "pages by references";
    const freed = held ? ", freed but still mapped" : voided ? VOID : "";
    return `${nameOf(domid, process)} grants domain ${to} ${what} ${ranges(group.map(({ gref }) => gref))}${freed}`;
  });
}

function mappingsLeft({ domid, mappings }: MockDomainReport): string[] {
  return grouped(mappings, ({ process }) => process).map((group) => {
    const count = group.length === 1 ? "1 mapping" : `${group.length} mappings`;
    const where = grouped(group.flatMap(({ pages }) => pages), (page) => page.domid).map((pages) => {
      const grefs = [...new Set(pages.map(({ gref }) => gref))];
      return `reference${grefs.length === 1 ? "" : "s"} ${ranges(grefs)} of domain ${pages[0]!.domid}`;
    });
    return `${nameOf(domid, group[0]!.process)} has ${count} of granted pages: ${where.join(", ")}`;
  });
}

function portsLeft({ domid, ports }: MockDomainReport): string[] {
  return grouped(ports, ({ process, voided }) => `${process} ${voided}`).map((group) => {
    const { process, voided } = group[0]!;
    const what = group.length === 1 ? "port" : "ports";
    const held = process === undefined ? ", held by an unmap notify" : voided ? VOID : "";
    return `${nameOf(domid, process)} has ${what} ${ranges(group.map(({ port }) => port))} bound${held}`;
  });
}

function connectionsLeft({ domid, connections }: MockDomainReport): string[] {
  return connections.map(({ process, kind, watches, transactions }) => {
    const held = [...counted(watches, "watch", "watches"), ...counted(transactions, "transaction", "transactions")];
    const holding = held.length === 0 ? "" : `, with ${held.join(" and ")}`;
    return `${nameOf(domid, process)} has the ${kind} of XenStore open${holding}`;
  });
}

function counted(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}
