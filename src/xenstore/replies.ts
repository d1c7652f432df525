/**
 * What replies say.
 *
 * @module
 */
import { MAX_UINT32 } from "../contract/limits.ts";
import { StoreError } from "../contract/store_errors.ts";
import { Garbage } from "./garbage.ts";
import { describe, type Subject } from "./subject.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Up to here, loops are faster than `slice` and `TextDecoder`. */
const SHORT = 64;

/** Nothing but that it was done. */
export function done(): void {}

/** A copy of the bytes. */
export function toBytes(bytes: Bytes, start: number, end: number): Bytes {
  if (end - start > SHORT) return bytes.slice(start, end);
  const copy = new Uint8Array(end - start);
  for (let index = start; index < end; index++) copy[index - start] = bytes[index]!;
  return copy;
}

/** The bytes as text in UTF-8. */
export function toText(bytes: Bytes, start: number, end: number, subject: Subject): string {
  if (end - start <= SHORT) {
    const text = ascii(bytes, start, end);
    if (text !== undefined) return text;
  }
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    throw malformed(subject, `its ${end - start} bytes are not text in UTF-8`, "Read them with `read`");
  }
}

/** The bytes as a whole number in decimal digits. */
export function toNumber(bytes: Bytes, start: number, end: number, subject: Subject): number {
  const text = end - start <= SHORT ? ascii(bytes, start, end) : undefined;
  const number = text !== undefined && /^-?[0-9]+$/.test(text) ? Number(text) : NaN;
  // "-0" is 0.
  if (Number.isSafeInteger(number)) return number + 0;
  const shown = text === undefined ? "it" : JSON.stringify(text);
  throw malformed(
    subject,
    `${shown} is not a whole number in decimal digits, up to 2 ** 53 - 1`,
    "Read it with `readText` or `read`",
  );
}

/** A short text of ASCII characters; `undefined` if there are others. */
function ascii(bytes: Bytes, start: number, end: number): string | undefined {
  let text = "";
  for (let index = start; index < end; index++) {
    const code = bytes[index]!;
    if (code > 127) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

function malformed(subject: Subject, reason: string, wayOut: string): StoreError {
  const { operation, path } = subject;
  return new StoreError(`Cannot ${describe(subject)}: ${reason}. ${wayOut}, and check what the writer wrote.`, {
    code: "malformed",
    operation,
    path,
  });
}

/** The words of a reply, each of which ends with a NUL. */
export function wordsOf(bytes: Bytes, start: number, end: number): string[] {
  if (start === end) return [];
  if (bytes[end - 1] !== 0) throw new Garbage("a reply that does not end with a NUL");
  const words: string[] = [];
  for (let from = start; from < end;) {
    const to = bytes.indexOf(0, from);
    words.push(word(bytes, from, to));
    from = to + 1;
  }
  return words;
}

function word(bytes: Bytes, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index]!);
  return text;
}

/** The only word of a reply. */
export function toWord(bytes: Bytes, start: number, end: number): string {
  const words = wordsOf(bytes, start, end);
  if (words.length !== 1) throw new Garbage(`a reply of ${words.length} words instead of one`);
  return words[0]!;
}

/** The number of a transaction. */
export function toTransaction(bytes: Bytes, start: number, end: number): number {
  const word = toWord(bytes, start, end);
  const id = /^[0-9]+$/.test(word) ? Number(word) : 0;
  // 0 means no transaction, and Linux never answers a request to end that.
  if (id > 0 && id <= MAX_UINT32) return id;
  throw new Garbage("an invalid transaction number");
}

/** A yes or no. */
export function toFlag(bytes: Bytes, start: number, end: number): boolean {
  const flag = toWord(bytes, start, end);
  if (flag === "T" || flag === "F") return flag === "T";
  throw new Garbage("neither T nor F as an answer");
}

/** The daemon's name for an error. */
export function toReason(bytes: Bytes, start: number, end: number): string {
  const reason = toWord(bytes, start, end);
  if (/^[A-Z][A-Z0-9]{0,31}$/.test(reason)) return reason;
  throw new Garbage("an error that has no name");
}
