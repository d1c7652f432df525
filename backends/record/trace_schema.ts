import { MAX_DOMID, MAX_PORT, MAX_UINT32, PAGE_SIZE } from "../../src/contract/limits.ts";
import { GARBAGE, isTracedType } from "./traced_message.ts";

/** What the value of a field must be. */
interface Kind {
  /** What a message calls it. */
  readonly what: string;
  readonly is: (value: unknown) => boolean;
}

/** The fields of a line, by their names. */
export type Fields = Readonly<Record<string, Kind>>;

const isWhole = (least: number, most: number) => (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

const NUMBER: Kind = { what: "a whole number from 0", is: isWhole(0, Number.MAX_SAFE_INTEGER) };
const COUNT: Kind = { what: `a whole number from 1 to ${MAX_UINT32}`, is: isWhole(1, MAX_UINT32) };
const GREF: Kind = { what: `a whole number from 0 to ${MAX_UINT32}`, is: isWhole(0, MAX_UINT32) };
const DOMID: Kind = { what: `a whole number from 0 to ${MAX_DOMID}`, is: isWhole(0, MAX_DOMID) };
const DOMIDS: Kind = {
  what: `a whole number from 0 to ${MAX_DOMID}, or an array of such numbers`,
  is: (value) => Array.isArray(value) ? value.every(DOMID.is) : DOMID.is(value),
};
const FLAG: Kind = { what: "true or false", is: (value) => typeof value === "boolean" };
/** Any string. */
export const TEXT: Kind = { what: "a string", is: (value) => typeof value === "string" };
const GREFS: Kind = {
  what: `an array of whole numbers from 0 to ${MAX_UINT32}`,
  is: (value) => Array.isArray(value) && value.every(GREF.is),
};
const LIMIT: Kind = {
  what: 'a number, or one of "Infinity", "-Infinity", "NaN"',
  is: (value) => typeof value === "number" || ["Infinity", "-Infinity", "NaN"].includes(value as string),
};
/** The answer of a backend that may break its contract. */
const ANYTHING: Kind = { what: "present", is: (value) => value !== undefined };
const PORT: Kind = { what: `a whole number from 0 to ${MAX_PORT}`, is: isWhole(0, MAX_PORT) };
/** A byte of a page. */
const BYTE: Kind = { what: `a whole number from 0 to ${PAGE_SIZE - 1}`, is: isWhole(0, PAGE_SIZE - 1) };
const SEGMENTS: Kind = {
  what:
    "an array of at least one segment: each with a `length` from 1 and with `from`, `to` or both, which have `domid`, " +
    "`gref` and `offset` and do not reach beyond the page",
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

const PARTS_OF_MESSAGE = "have a known `type`, numbers as `request` and `transaction` if they have them, and either " +
  "`strings` or `hex`";
const MESSAGES: Kind = {
  what: `an array of messages, which ${PARTS_OF_MESSAGE}`,
  is: (value) => Array.isArray(value) && value.every(isMessage),
};
const REQUEST: Kind = {
  what: `a message with a \`request\`; messages ${PARTS_OF_MESSAGE}`,
  is: (value) => {
    const { type, request } = Object(value) as Record<string, unknown>;
    return isMessage(value) && (request !== undefined || type === GARBAGE);
  },
};

function isMessage(value: unknown): boolean {
  const { type, request, transaction, strings, hex } = Object(value) as Record<string, unknown>;
  const isNumber = (number: unknown) => number === undefined || GREF.is(number);
  if (!isTracedType(type) || !isNumber(request) || !isNumber(transaction)) return false;
  return strings === undefined
    ? typeof hex === "string" && /^([0-9a-f]{2})*$/.test(hex)
    : hex === undefined && Array.isArray(strings) && strings.length > 0 && strings.every(TEXT.is);
}

/** The fields of each call: its arguments, optional ones, and the answer of a call that did not fail. */
export const CALLS: Readonly<Record<string, readonly [args: Fields, optional?: Fields, answer?: Fields]>> = {
  "grants open": [{}, { domain: NUMBER }, { file: NUMBER }],
  "grants limit": [{}, { domain: NUMBER }, { limit: LIMIT }],
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
  "maps open": [{}, { domain: NUMBER }, { file: NUMBER }],
  "maps map": [{ file: NUMBER, domid: DOMIDS, grefs: GREFS, writable: FLAG }, {}, { mapping: NUMBER, bytes: NUMBER }],
  "maps copy": [{ file: NUMBER, segments: SEGMENTS }, {}, { statuses: ANYTHING }],
  "maps unmap": [{ mapping: NUMBER }],
  "maps notify": [{ mapping: NUMBER }, { clearByte: NUMBER, eventPort: PORT }],
  "maps close": [{ file: NUMBER }],
  "events open": [{}, { domain: NUMBER }, { file: NUMBER }],
  "events bindUnbound": [{ file: NUMBER, domid: DOMID }, {}, { port: ANYTHING }],
  "events bindInterdomain": [{ file: NUMBER, domid: DOMID, remotePort: PORT }, {}, { port: ANYTHING }],
  "events bindVirq": [{ file: NUMBER, virq: NUMBER }, {}, { port: ANYTHING }],
  "events notify": [{ file: NUMBER, port: NUMBER }],
  "events pending": [{ file: NUMBER }, {}, { ports: ANYTHING }],
  "events unmask": [{ file: NUMBER, port: NUMBER }],
  "events wait": [{ file: NUMBER }],
  "events reset": [{ file: NUMBER }],
  "events unbind": [{ file: NUMBER, port: NUMBER }],
  "events close": [{ file: NUMBER }],
  "store open": [{}, { domain: NUMBER }, { file: NUMBER }],
  "store send": [{ file: NUMBER, message: REQUEST }],
  "store receive": [{ file: NUMBER }, {}, { messages: MESSAGES }],
  "store wait": [{ file: NUMBER }],
  "store close": [{ file: NUMBER }],
};
