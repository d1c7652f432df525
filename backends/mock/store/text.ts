/**
 * Requests and replies as text: a character for each byte.
 *
 * @module
 */

/** The payload of a reply: bytes, or a text with a character for each. */
export type Payload = Uint8Array<ArrayBuffer> | string;

/** The text in the beginning of some bytes. Eight at a time is the fastest way for paths. */
export function textOf(bytes: Uint8Array, end: number = bytes.length): string {
  const { fromCharCode } = String;
  let text = "";
  let index = 0;
  for (; index + 8 <= end; index += 8) {
    text += fromCharCode(
      bytes[index]!,
      bytes[index + 1]!,
      bytes[index + 2]!,
      bytes[index + 3]!,
      bytes[index + 4]!,
      bytes[index + 5]!,
      bytes[index + 6]!,
      bytes[index + 7]!,
    );
  }
  for (; index < end; index++) text += fromCharCode(bytes[index]!);
  return text;
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/**
 * The only string of a payload, which ends with its only NUL.
 *
 * @returns `undefined` if the payload is not of this form.
 */
export function onlyString(payload: Uint8Array): string | undefined {
  const end = payload.length - 1;
  return payload.indexOf(0) === end && end >= 0 ? textOf(payload, end) : undefined;
}

/** The strings of a payload that end with a NUL. */
export function stringsOf(payload: Uint8Array): string[] {
  return textOf(payload).split("\0").slice(0, -1);
}

/** Strings as a payload: a NUL after each. */
export function joined(strings: Iterable<string>): string {
  let text = "";
  for (const string of strings) text += `${string}\0`;
  return text;
}
