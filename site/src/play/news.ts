import type { MockDomainReport, MockGrantReport, MockMappingReport, MockPortReport } from "@gntalloc/gntalloc/mock";
import type { Failure, Frame, News } from "../protocol.ts";
import {
  bytes,
  costing,
  flag,
  having,
  listOf,
  maybe,
  Meter,
  oneOf,
  type Shape,
  ShapeError,
  text,
  wholeFrom,
} from "./shape.ts";

/** How much a picture may have of all: a million pages fill no screen, but the memory. */
const MOST_COST = 120_000;
const MOST_DOMAINS = 100;
/** As many as the worker sends, with one that counts the rest. Each becomes a line of the log. */
const MOST_SENTENCES = 501;
const LINE_COST = 100;

const number = wholeFrom(0);
const line = wholeFrom(1);
/** A domain may have no limit. */
const limit: Shape<number> = (value, meter) => value === Infinity ? Infinity : number(value, meter);
const grant = having<MockGrantReport>({
  ...{ gref: number, domid: number, process: maybe(number) },
  ...{ writable: flag, held: flag, mapped: flag, voided: flag },
});
const place = having({ domid: number, gref: number });
const mapping = having<MockMappingReport>({ process: number, writable: flag, pages: listOf(place) });
const port = having<MockPortReport>({
  ...{ port: number, process: maybe(number), domid: maybe(number) },
  ...{ remotePort: maybe(number), virq: maybe(number), voided: flag },
});
const domain = having<MockDomainReport>({
  ...{ domid: number, destroyed: flag, limit, counted: number },
  processes: listOf(having({ process: number, files: number, ownPages: number })),
  grants: listOf(grant),
  mappings: listOf(mapping),
  ports: listOf(port),
  connections: listOf(
    having({ process: number, kind: oneOf("device", "socket"), watches: number, transactions: number }),
  ),
});
const frame = having<Frame>({
  line: maybe(line),
  report: having({ domains: listOf(domain, MOST_DOMAINS) }),
  pages: listOf(having({ domid: number, gref: number, bytes: maybe(bytes) })),
  nodes: listOf(having({ path: text, value: text })),
  sentences: listOf(costing(LINE_COST, text), MOST_SENTENCES),
  rung: listOf(having({ domid: number, port: number })),
  restored: listOf(having({ from: number, to: number })),
});
const failure = having<Failure>({ text, code: maybe(text), line: maybe(line) });

type Kind<Type> = Extract<News, { readonly type: Type }>;

const NEWS: { readonly [Type in News["type"]]: Shape<Kind<Type>> } = {
  frame: having<Kind<"frame">>({ type: oneOf("frame"), frame, waits: flag }),
  print: having<Kind<"print">>({ type: oneOf("print"), text, isError: flag }),
  world: having<Kind<"world">>({ type: oneOf("world"), text }),
  end: having<Kind<"end">>({ type: oneOf("end"), failure: maybe(failure) }),
};

/**
 * Reads what a worker tells, with what it costs to show; `undefined` if the page cannot show it. A stranger's program
 * can send what it likes in the worker's name, and its machine can hold more than a page can show.
 */
export function newsIn(data: unknown): { readonly news: News; readonly cost: number } | undefined {
  const type = Object(data).type;
  if (typeof type !== "string" || !Object.hasOwn(NEWS, type)) return undefined;
  const meter = new Meter(MOST_COST);
  try {
    return { news: NEWS[type as News["type"]](data, meter), cost: meter.cost };
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}
