/**
 * Requests and replies as text: a character for each byte.
 *
 * @module
 */

/** The text in a part of a message. */
export function textOf(bytes: Uint8Array, end: number = bytes.length): string {
  return String.fromCharCode.apply(
    null,
    (end === bytes.length ? bytes : bytes.subarray(0, end)) as unknown as number[],
  );
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
