/**
 * Numbers in requests, as the languages of the two daemons read them.
 *
 * @module
 */

const C_NUMBER = /^[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/;
/** The largest number of C's type `long`. */
const MAX_LONG = 2n ** 63n - 1n;

/** Reads a number as `strtol` does. Returns its last 32 bits, without a sign. */
export function parseC(text: string): number | undefined {
  const [, sign, digits] = C_NUMBER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return toUint32(BigInt(/^0[0-7]/.test(digits) ? `0o${digits}` : digits), sign);
}

/** Reads the decimal number at the beginning of a text as `atoi` does: 0 if there is none. */
export function beginOfC(text: string): number {
  const [, sign, digits = "0"] = /^[ \t-\r]*([+-]?)([0-9]+)/.exec(text) ?? [];
  return toUint32(BigInt(digits), sign);
}

function toUint32(size: bigint, sign: string | undefined): number {
  const value = sign === "-" ? -size : size;
  return Number(BigInt.asUintN(32, value > MAX_LONG ? MAX_LONG : value < -MAX_LONG - 1n ? -MAX_LONG - 1n : value));
}

/** Shows a domid as the daemon in C does: a number of 32 bits with a sign, in ten characters at most. */
export function showC(domid: number): string {
  return `${domid | 0}`.slice(0, 10);
}

const OCAML_NUMBER = /^([+-]?)(0[xobu])?([0-9a-f][0-9a-f_]*)$/i;
const RADIXES: Readonly<Record<string, { readonly prefix: string; readonly digits: RegExp }>> = {
  x: { prefix: "0x", digits: /^/ },
  o: { prefix: "0o", digits: /^[0-7_]+$/ },
  b: { prefix: "0b", digits: /^[01_]+$/ },
  u: { prefix: "", digits: /^[0-9_]+$/ },
};
/** OCaml's numbers have 63 bits. */
const BITS = 63;

/** Reads a number as `int_of_string` does. Large numbers lose digits here, and not there. */
export function parseOCaml(text: string): number | undefined {
  const [, sign, prefix = "", digits] = OCAML_NUMBER.exec(text) ?? [];
  const radix = RADIXES[prefix[1]?.toLowerCase() ?? "u"]!;
  if (digits === undefined || !radix.digits.test(digits)) return undefined;
  const size = BigInt(radix.prefix + digits.replaceAll("_", ""));
  // Only decimal numbers must fit with their sign.
  const most = prefix === "" ? 2n ** 62n - (sign === "-" ? 0n : 1n) : 2n ** 63n - 1n;
  return size > most ? undefined : Number(BigInt.asIntN(BITS, sign === "-" ? -size : size));
}

/** Reads the first digits of a text, as oxenstored reads a domid: 0 without digits. */
export function digitsOfOCaml(text: string): bigint {
  return BigInt.asUintN(BITS, BigInt(/\d+/.exec(text)?.[0] ?? 0));
}

/** Shows a number without a sign, as OCaml does. */
export function showOCaml(number: number): string {
  return number < 0 ? `${BigInt.asUintN(BITS, BigInt(number))}` : `${number}`;
}
