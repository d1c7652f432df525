/**
 * Text that others wrote, as a terminal may show it.
 *
 * @module
 */

/** Control characters, with which text could command a terminal. Line breaks and tabs are harmless. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Writes control characters as escapes: `\x1b`. A peer must not be able to command the terminal of whoever looks. */
export function printable(text: string): string {
  return text.replace(CONTROL, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** Writes a value as JSON without control characters. It stays JSON. */
export function printableJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(
    CONTROL,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

/** Writes text in quotes, in one line. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text));
}
