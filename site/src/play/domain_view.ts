import type { MockDomainReport, MockGrantReport, MockMappingReport, MockPortReport } from "@gntalloc/gntalloc/mock";
import type { Frame, Page } from "../protocol.ts";
import { badge, type Child, element, more } from "./dom.ts";
import { countChanged, hexView } from "./hex_view.ts";
import { bytesIn, placeOf } from "./sharing.ts";

/** How many rows a part has. */
const MOST_ROWS = 12;
const MOST_PAGES = 3;
/** How many references or domains a row names. */
const MOST_NAMES = 4;

/** A frame, and what is looked up in it. */
interface Moment {
  readonly frame: Frame;
  readonly domains: ReadonlyMap<number, MockDomainReport>;
  readonly bytes: ReadonlyMap<string, Page["bytes"]>;
}

function momentOf(frame: Frame): Moment {
  return { frame, domains: new Map(frame.report.domains.map((each) => [each.domid, each])), bytes: bytesIn(frame) };
}

/** Returns a function that shows what a domain of a frame holds, and marks what has changed since another frame. */
export function domainViews(frame: Frame, before: Frame | undefined): (domain: MockDomainReport) => HTMLElement {
  const now = momentOf(frame);
  const then = before && momentOf(before);
  return (domain) => {
    const number = frame.restored.find(({ to }) => to === domain.domid)?.from ?? domain.domid;
    return domainView(domain, now, then?.domains.get(number), then);
  };
}

function domainView(
  domain: MockDomainReport,
  now: Moment,
  old: MockDomainReport | undefined,
  then: Moment | undefined,
): HTMLElement {
  const { domid, destroyed, counted, limit, processes } = domain;
  const title = `Domain ${domid}`;
  const facts = [
    limit === Infinity ? `${counted} pages, no limit` : `${counted} of ${limit} pages`,
    ...(destroyed || processes.length === 1 ? [] : [`${processes.length} programs`]),
    ...(destroyed ? ["destroyed"] : []),
  ];
  return element(
    "section",
    { class: `domain${destroyed ? " destroyed" : ""}`, "aria-label": title },
    element("h3", {}, title, " ", element("small", {}, facts.join(" · "))),
    part("Grant table", list(grantRows(domain, old))),
    part("Memory", pagesView(domain, now, old, then)),
    part("Mappings", list(mappingRows(domain, old))),
    part("Event channels", list(portRows(domain, old, now.frame))),
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
  /** What has happened to what it is about; `undefined` for nothing. */
  readonly change: "new" | "changed" | undefined;
  /** Whether an event was sent or taken. */
  readonly isRung?: boolean;
}

function list(rows: readonly Row[]): Child[] {
  if (rows.length === 0) return [];
  const items = rows.slice(0, MOST_ROWS).map(({ text, className, change, isRung = false }) =>
    element(
      "li",
      { class: `${className}${change === undefined ? "" : " changed"}${isRung ? " rung" : ""}` },
      text,
      change && badge(change),
      isRung && badge("event"),
    )
  );
  return [element("ul", {}, ...items), more(rows.length - items.length)];
}

/** A row tells of several grants: it has changed if one of them has, however they were put together before. */
function grantRows({ grants }: MockDomainReport, old: MockDomainReport | undefined): Row[] {
  const were = new Map(old?.grants.map((grant) => [grant.gref, grant]));
  return runsOf(grants).map((run) => {
    const isNew = run.every(({ gref }) => !were.has(gref));
    const isSame = run.every((grant) => areAlike(grant, were.get(grant.gref)));
    return {
      text: grantsText(run),
      className: stateOf(run[0]!),
      change: isNew ? "new" : isSame ? undefined : "changed",
    };
  });
}

/** Puts neighbours together that differ only in their references. */
function runsOf(grants: readonly MockGrantReport[]): MockGrantReport[][] {
  const runs: MockGrantReport[][] = [];
  for (const grant of grants) {
    const last = runs.at(-1)?.at(-1);
    const isNext = last?.gref === grant.gref - 1 && areAlike(grant, last);
    if (isNext) runs.at(-1)!.push(grant);
    else runs.push([grant]);
  }
  return runs;
}

/** Whether the same is said of two grants. */
function areAlike(one: MockGrantReport, other: MockGrantReport | undefined): boolean {
  return one.domid === other?.domid && one.writable === other.writable && stateOf(one) === stateOf(other);
}

function grantsText(run: readonly MockGrantReport[]): string {
  const [first, last] = [run[0]!, run.at(-1)!];
  return `${first === last ? first.gref : `${first.gref} to ${last.gref}`} → ${factsOf(first)}`;
}

const STATES = { voided: "void", held: "freed, but still mapped", mapped: "mapped", granted: "granted" } as const;

function factsOf(grant: MockGrantReport): string {
  return `domain ${grant.domid}${grant.writable ? ", writable" : ""}: ${STATES[stateOf(grant)]}`;
}

function stateOf({ held, mapped, voided }: MockGrantReport): keyof typeof STATES {
  return voided ? "voided" : held ? "held" : mapped ? "mapped" : "granted";
}

/** The pages that a domain grants, and those that it maps: some that have data, if there are many. */
function pagesView(
  { domid, grants, mappings }: MockDomainReport,
  now: Moment,
  old: MockDomainReport | undefined,
  then: Moment | undefined,
): Child[] {
  const own = grants.map(({ gref }) => ({ domid, gref }));
  const theirs = mappings.flatMap((mapping) => mapping.pages);
  const all = [...new Map([...own, ...theirs].map((place) => [placeOf(place), place])).values()];
  const hasData = (place: Place) => now.bytes.get(placeOf(place))?.some((byte) => byte !== 0) ?? false;
  const shown = all.length <= MOST_PAGES ? all : [...new Set([...all.filter(hasData), ...all])].slice(0, MOST_PAGES);
  const views = shown.map((place) => {
    const bytes = now.bytes.get(placeOf(place));
    const was = then?.bytes.get(placeOf(place.domid === domid ? { ...place, domid: old?.domid ?? domid } : place));
    const name = `Page ${place.gref}${place.domid === domid ? "" : ` of domain ${place.domid}`}`;
    const changed = bytes === undefined ? 0 : countChanged(bytes, was);
    return element(
      "figure",
      {},
      element("figcaption", {}, name, changed > 0 && badge(`${changed} ${changed === 1 ? "byte" : "bytes"} changed`)),
      bytes === undefined ? element("p", { class: "none" }, "its bytes are not shown") : hexView(bytes, was),
    );
  });
  return [...views, ...(all.length > views.length ? [more(all.length - views.length)] : [])];
}

interface Place {
  readonly domid: number;
  readonly gref: number;
}

function mappingRows({ mappings, processes }: MockDomainReport, old: MockDomainReport | undefined): Row[] {
  const [own, ownBefore] = [ownPagesOf(processes), ownPagesOf(old?.processes ?? [])];
  const change = own === ownBefore ? undefined : ownBefore === 0 ? "new" : "changed";
  const ofOwn: Row[] = own === 0 ? [] : [{ text: `${own} of its own pages`, className: "own", change }];
  const left = Map.groupBy(old?.mappings.map(mappingText) ?? [], (text) => text);
  const byReference = mappings.map((mapping): Row => {
    const text = mappingText(mapping);
    // Nothing tells two mappings of the same pages from each other.
    const wasThere = left.get(text)?.pop() !== undefined;
    return { text, className: "mapped", change: wasThere ? undefined : "new" };
  });
  return [...ofOwn, ...byReference];
}

function ownPagesOf(processes: MockDomainReport["processes"]): number {
  return processes.reduce((sum, { ownPages }) => sum + ownPages, 0);
}

function mappingText({ pages, writable }: MockMappingReport): string {
  const granters = [...new Set(pages.map(({ domid }) => domid))];
  const what = pages.length > MOST_NAMES ? `${pages.length} pages` : pages.map(({ gref }) => gref).join(", ");
  const whose = granters.length > MOST_NAMES ? `${granters.length} domains` : `domain ${granters.join(", ")}`;
  return `${what} of ${whose}${writable ? ", writable" : ""}`;
}

function portRows({ domid, ports }: MockDomainReport, old: MockDomainReport | undefined, { rung }: Frame): Row[] {
  const rungHere = new Set(rung.filter((each) => each.domid === domid).map(({ port }) => port));
  const numbers = new Set(old?.ports.map(({ port }) => port));
  const texts = new Set(old?.ports.map(portText));
  return ports.map((port) => {
    const text = portText(port);
    const change = texts.has(text) ? undefined : numbers.has(port.port) ? "changed" : "new";
    return { text, className: "channel", change, isRung: rungHere.has(port.port) };
  });
}

function portText({ port, domid, remotePort, virq, voided }: MockPortReport): string {
  if (voided) return `port ${port}: void`;
  if (virq !== undefined) return `port ${port}: interrupt ${virq}`;
  return remotePort === undefined
    ? `port ${port}: waits for domain ${domid}`
    : `port ${port} ↔ port ${remotePort} of domain ${domid}`;
}
