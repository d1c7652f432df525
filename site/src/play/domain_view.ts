import type { MockDomainReport, MockGrantReport, MockPortReport } from "@gntalloc/gntalloc/mock";
import type { Frame } from "../protocol.ts";
import { badge, type Child, element } from "./dom.ts";
import { countChanged, hexView } from "./hex_view.ts";

const MOST_GRANTS = 12;
const MOST_PAGES = 3;

/** Shows what a domain holds, and marks what has changed since another picture. */
export function domainView(domain: MockDomainReport, frame: Frame, before: Frame | undefined): HTMLElement {
  const { domid, destroyed, counted, limit, processes } = domain;
  const old = before?.report.domains.find((each) => each.domid === domid);
  const title = `Domain ${domid}`;
  const facts = [
    `${counted} of ${limit} pages`,
    ...(destroyed || processes.length === 1 ? [] : [`${processes.length} programs`]),
    ...(destroyed ? ["destroyed"] : []),
  ];
  return element(
    "section",
    { class: `domain${destroyed ? " destroyed" : ""}`, "aria-label": title },
    element("h3", {}, title, " ", element("small", {}, facts.join(" · "))),
    part("Grant table", grantsView(domain, old)),
    part("Memory", pagesView(domain, frame, before)),
    part("Mappings", mappingsView(domain, old)),
    part("Event channels", portsView(domain, old, frame)),
  );
}

function part(title: string, rows: readonly Child[]): HTMLElement {
  const isEmpty = rows.length === 0;
  return element(
    "div",
    { class: isEmpty ? "part empty" : "part" },
    element("h4", {}, title),
    ...(isEmpty ? [element("p", { class: "none" }, "none")] : rows),
  );
}

/** A line of a list. */
interface Row {
  readonly text: string;
  readonly className: string;
  /** What it is about, whatever its text says of that. */
  readonly key: string | number;
  /** Whether an event was sent or taken. */
  readonly isRung?: boolean;
}

/** A list of which each row is marked unless the same row was there before. */
function list(rows: readonly Row[], old: readonly Row[]): Child[] {
  if (rows.length === 0) return [];
  const keys = new Set(old.map(({ key }) => key));
  const left = old.map(({ text }) => text);
  return [element(
    "ul",
    {},
    ...rows.map(({ text, className, key, isRung = false }) => {
      const index = left.indexOf(text);
      if (index >= 0) left.splice(index, 1);
      return element(
        "li",
        { class: `${className}${index < 0 ? " changed" : ""}${isRung ? " rung" : ""}` },
        text,
        index < 0 && badge(keys.has(key) ? "changed" : "new"),
        isRung && badge("event"),
      );
    }),
  )];
}

function grantsView(domain: MockDomainReport, old: MockDomainReport | undefined): Child[] {
  const all = grantRows(domain);
  const rows = all.slice(0, MOST_GRANTS);
  const rest = all.length - rows.length;
  const shown = list(rows, old === undefined ? [] : grantRows(old));
  return rest > 0 ? [...shown, element("p", { class: "rest" }, `and ${rest} more`)] : shown;
}

function grantRows({ grants }: MockDomainReport): Row[] {
  return runsOf(grants).map((run) => ({ text: grantsText(run), className: stateOf(run[0]!), key: run[0]!.gref }));
}

/** Puts neighbours together that differ only in their references. */
function runsOf(grants: readonly MockGrantReport[]): MockGrantReport[][] {
  const runs: MockGrantReport[][] = [];
  for (const grant of grants) {
    const last = runs.at(-1)?.at(-1);
    const isNext = last !== undefined && last.gref === grant.gref - 1 && factsOf(last) === factsOf(grant);
    if (isNext) runs.at(-1)!.push(grant);
    else runs.push([grant]);
  }
  return runs;
}

function grantsText(run: readonly MockGrantReport[]): string {
  const [first, last] = [run[0]!, run.at(-1)!];
  return `${first === last ? first.gref : `${first.gref} to ${last.gref}`} → ${factsOf(first)}`;
}

function factsOf({ domid, writable, held, mapped, voided }: MockGrantReport): string {
  const state = voided ? "void" : held ? "freed, but still mapped" : mapped ? "mapped" : "granted";
  return `domain ${domid}${writable ? ", writable" : ""}: ${state}`;
}

function stateOf({ held, mapped, voided }: MockGrantReport): string {
  return voided ? "voided" : held ? "held" : mapped ? "mapped" : "granted";
}

/** The pages that a domain grants, and those that it maps: some that have data, if there are many. */
function pagesView(
  { domid, grants, mappings }: MockDomainReport,
  { pages }: Frame,
  before: Frame | undefined,
): Child[] {
  const own = grants.map(({ gref }) => ({ domid, gref }));
  const mapped = mappings.flatMap((mapping) => mapping.pages);
  // A page can be mapped twice, and by its own domain.
  const all = [...new Map([...own, ...mapped].map((place) => [`${place.domid} ${place.gref}`, place])).values()];
  const hasData = (place: Place) => bytesOf(pages, place)?.some((byte) => byte !== 0) ?? false;
  const shown = all.length <= MOST_PAGES ? all : [...new Set([...all.filter(hasData), ...all])].slice(0, MOST_PAGES);
  const views = shown.map((place) => {
    const bytes = bytesOf(pages, place);
    const was = before && bytesOf(before.pages, place);
    const name = `Page ${place.gref}${place.domid === domid ? "" : ` of domain ${place.domid}`}`;
    const changed = bytes === undefined ? 0 : countChanged(bytes, was);
    return element(
      "figure",
      {},
      element("figcaption", {}, name, changed > 0 && badge(`${changed} ${changed === 1 ? "byte" : "bytes"} changed`)),
      bytes === undefined ? element("p", { class: "none" }, "its bytes are not shown") : hexView(bytes, was),
    );
  });
  const rest = all.length - views.length;
  return rest > 0 ? [...views, element("p", { class: "rest" }, `and ${rest} more`)] : views;
}

interface Place {
  readonly domid: number;
  readonly gref: number;
}

function bytesOf(pages: Frame["pages"], { domid, gref }: Place): Uint8Array | undefined {
  return pages.find((page) => page.domid === domid && page.gref === gref)?.bytes;
}

function mappingsView(domain: MockDomainReport, old: MockDomainReport | undefined): Child[] {
  return list(mappingRows(domain), old === undefined ? [] : mappingRows(old));
}

function mappingRows({ mappings, processes }: MockDomainReport): Row[] {
  const own = processes.reduce((sum, { ownPages }) => sum + ownPages, 0);
  const ofOwn = own === 0 ? [] : [{ text: `${own} of its own pages`, className: "own", key: "own" }];
  const byReference = mappings.map(({ pages, writable }) => {
    const granters = [...new Set(pages.map(({ domid }) => domid))].join(", ");
    const grefs = pages.length > 4 ? `${pages.length} pages` : pages.map(({ gref }) => gref).join(", ");
    const text = `${grefs} of domain ${granters}${writable ? ", writable" : ""}`;
    return { text, className: "mapped", key: text };
  });
  return [...ofOwn, ...byReference];
}

function portsView(domain: MockDomainReport, old: MockDomainReport | undefined, frame: Frame): Child[] {
  const rung = new Set(frame.rung.filter(({ domid }) => domid === domain.domid).map(({ port }) => port));
  const rowOf = (port: MockPortReport): Row => ({
    text: portText(port),
    className: "channel",
    key: port.port,
    isRung: rung.has(port.port),
  });
  return list(domain.ports.map(rowOf), old?.ports.map(rowOf) ?? []);
}

function portText({ port, domid, remotePort, virq, voided }: MockPortReport): string {
  if (voided) return `port ${port}: void`;
  if (virq !== undefined) return `port ${port}: interrupt ${virq}`;
  return remotePort === undefined
    ? `port ${port}: waits for domain ${domid}`
    : `port ${port} ↔ port ${remotePort} of domain ${domid}`;
}
