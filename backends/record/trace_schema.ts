/** What the value of a field must be, and how a message says so. */
export interface Kind {
  readonly what: string;
  readonly is: (value: unknown) => boolean;
}

/** The fields of a line, by their names. */
export type Fields = Readonly<Record<string, Kind>>;

const isWhole = (least: number, most: number) => (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

const MAX_UINT32 = 0xffff_ffff;
const PAGE_SIZE = 4096;
const NUMBER: Kind = { what: "a whole number from 0 up", is: isWhole(0, Number.MAX_SAFE_INTEGER) };
const COUNT: Kind = { what: `a whole number from 1 to ${MAX_UINT32}`, is: isWhole(1, MAX_UINT32) };
const GREF: Kind = { what: `a whole number from 0 to ${MAX_UINT32}`, is: isWhole(0, MAX_UINT32) };
const DOMID: Kind = { what: "a whole number from 0 to 32751", is: isWhole(0, 0x7fef) };
const DOMIDS: Kind = {
  what: "a whole number from 0 to 32751, or an array of such numbers",
  is: (value) => Array.isArray(value) ? value.every(DOMID.is) : DOMID.is(value),
};
const FLAG: Kind = { what: "true or false", is: (value) => typeof value === "boolean" };
/** Any text. */
export const TEXT: Kind = { what: "a text", is: (value) => typeof value === "string" };
const GREFS: Kind = {
  what: `an array of whole numbers from 0 to ${MAX_UINT32}`,
  is: (value) => Array.isArray(value) && value.every(GREF.is),
};
const LIMIT: Kind = {
  what: 'a number, or one of "Infinity", "-Infinity", "NaN"',
  is: (value) => typeof value === "number" || ["Infinity", "-Infinity", "NaN"].includes(value as string),
};
/** What a backend says that lies has no certain type. */
const ANYTHING: Kind = { what: "there", is: (value) => value !== undefined };
/** A port of an event channel, as the library has it. */
const PORT: Kind = { what: "a whole number from 0 to 131071", is: isWhole(0, 0x1_ffff) };
/** A byte of a page. */
const BYTE: Kind = { what: `a whole number from 0 to ${PAGE_SIZE - 1}`, is: isWhole(0, PAGE_SIZE - 1) };
const SEGMENTS: Kind = {
  what:
    "an array of segments, at least one: each with a `length` from 1 up, and as `from`, as `to` or as both a `domid`, a " +
    "`gref` and an `offset`, from which on the page is that long",
  is: (value) => Array.isArray(value) && value.length > 0 && value.every(isSegment),
};

function isSegment(value: unknown): boolean {
  const { from, to, length } = Object(value) as Record<string, unknown>;
  const places = [from, to].filter((place) => place !== undefined);
  return places.length > 0 && isWhole(1, PAGE_SIZE)(length) && places.every((place) => {
    const { domid, gref, offset } = Object(place) as Record<string, unknown>;
    return DOMID.is(domid) && GREF.is(gref) && isWhole(0, PAGE_SIZE - (length as number))(offset);
  });
}

/** What the calls of each side have: what was asked; what may be; and what was answered, unless it failed. */
export const CALLS: Readonly<Record<string, readonly [asked: Fields, optional?: Fields, answered?: Fields]>> = {
  "grants open": [{}, {}, { file: NUMBER }],
  "grants limit": [{}, {}, { limit: LIMIT }],
  "grants grant": [{ file: NUMBER, page: NUMBER, count: COUNT, domid: DOMID, writable: FLAG, grefs: GREFS }],
  "grants endAccess": [{ file: NUMBER, page: NUMBER, count: COUNT, grefs: GREFS }, {}, { held: ANYTHING }],
  "grants map": [
    { file: NUMBER, page: NUMBER, count: COUNT, gref: GREF, writable: FLAG },
    {},
    { mapping: NUMBER, bytes: NUMBER },
  ],
  "grants unmap": [{ mapping: NUMBER }],
  "grants notify": [{ file: NUMBER, page: NUMBER, gref: GREF }, { clearByte: BYTE, eventPort: PORT }],
  "grants close": [{ file: NUMBER }],
  "maps open": [{}, {}, { file: NUMBER }],
  "maps map": [{ file: NUMBER, domid: DOMIDS, grefs: GREFS, writable: FLAG }, {}, { mapping: NUMBER, bytes: NUMBER }],
  "maps copy": [{ file: NUMBER, segments: SEGMENTS }, {}, { statuses: ANYTHING }],
  "maps unmap": [{ mapping: NUMBER }],
  "maps notify": [{ mapping: NUMBER }, { clearByte: NUMBER, eventPort: PORT }],
  "maps close": [{ file: NUMBER }],
  "events open": [{}, { end: NUMBER }, { file: NUMBER }],
  "events bindUnbound": [{ file: NUMBER, domid: DOMID }, {}, { port: ANYTHING }],
  "events bindInterdomain": [{ file: NUMBER, domid: DOMID, remotePort: PORT }, {}, { port: ANYTHING }],
  "events bindVirq": [{ file: NUMBER, virq: NUMBER }, {}, { port: ANYTHING }],
  "events notify": [{ file: NUMBER, port: NUMBER }],
  "events pending": [{ file: NUMBER }, {}, { ports: ANYTHING }],
  "events unmask": [{ file: NUMBER, port: NUMBER }],
  "events wait": [{ file: NUMBER }],
  "events unbind": [{ file: NUMBER, port: NUMBER }],
  "events close": [{ file: NUMBER }],
};
