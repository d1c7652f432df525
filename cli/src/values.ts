/**
 * Reads what people write on the command line and in scripts.
 *
 * @module
 */
import { MAX_DOMID } from "./domid.ts";
import { UsageError } from "./exit.ts";
import { readFile, readStart } from "./files.ts";

/** The longest time that a timer can wait, in milliseconds: 24.8 days. A longer one ends at once. */
const LONGEST = 2 ** 31 - 1;
const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Reads a whole number, decimal or hexadecimal with `0x`. */
export function readNumber(text: string, name: string, least = 0, most: number = Number.MAX_SAFE_INTEGER): number {
  const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(
      `Cannot use ${name} as it must be a whole number from ${least} to ${most}: current value is "${text}"`,
    );
  }
  return value;
}

/** Reads the number of a domain. */
export function readDomid(text: string, name = "the domain"): number {
  return readNumber(text, name, 0, MAX_DOMID);
}

/** Reads a time: `500ms`, `10s`, `2m`, `1h`; a number alone means seconds. Returns whole milliseconds. */
export function readDuration(text: string, name = "the time"): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) {
    throw new UsageError(
      `Cannot use ${name} as it must be a time such as 500ms, 10s or 2m: current value is "${text}"`,
    );
  }
  const milliseconds = Math.ceil(Number(number) * UNITS[unit as keyof typeof UNITS]);
  if (milliseconds > LONGEST) {
    throw new UsageError(`Cannot use ${name} as it must be at most 596h: current value is "${text}"`);
  }
  return milliseconds;
}

/**
 * Reads text, or with `@FILE` the contents of a file.
 *
 * @param room How many bytes have room, if that is known. Of a longer file, one byte more is read.
 */
export function readContent(text: string, room?: number): Uint8Array {
  if (!text.startsWith("@")) return new TextEncoder().encode(text);
  return room === undefined ? readFile(text.slice(1)) : readStart(text.slice(1), room + 1);
}

/** Reads `OFFSET=CONTENT`. */
export function readPatch(text: string): { offset: number; bytes: Uint8Array } {
  const at = text.indexOf("=");
  if (at < 0) {
    throw new UsageError(`Cannot write as the value must be OFFSET=TEXT or OFFSET=@FILE: current value is "${text}"`);
  }
  return { offset: readNumber(text.slice(0, at), "the offset"), bytes: readContent(text.slice(at + 1)) };
}
