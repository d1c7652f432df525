import { ArgumentRangeError, ArgumentTypeError } from "../contract/argument_error.ts";
import { checkInteger, show } from "../contract/checks.ts";
import { checkBytes, isBytes, lengthOf } from "../contract/bytes.ts";
import { encodeHeader, HEADER_SIZE, MAX_PAYLOAD } from "../contract/store_wire.ts";
import { encodePath } from "./paths.ts";

const { set } = Uint8Array.prototype;
const encoder = new TextEncoder();
/** Up to here, a loop puts characters into the buffer faster than a `TextEncoder`. */
const SHORT = 64;

/** What a node may be set to. */
export type StoreValue = Uint8Array | string | number;

/** Puts requests together, in a buffer that it uses again: begin one, add its parts, finish it. */
export class Encoder {
  /** The most bytes of a payload. */
  readonly #most: number;
  #bytes = new Uint8Array(HEADER_SIZE + MAX_PAYLOAD);
  #end = HEADER_SIZE;

  /** @param most The most bytes of a payload: up to 4096. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Begins a request.
   *
   * @param busy Whether the backend may still read the last one.
   */
  begin(busy: boolean): this {
    // A backend may have transferred the buffer.
    if (busy || this.#bytes.length === 0) this.#bytes = new Uint8Array(HEADER_SIZE + MAX_PAYLOAD);
    this.#end = HEADER_SIZE;
    return this;
  }

  /**
   * Adds a path and a NUL.
   *
   * @param what The operation, for the message: "read".
   */
  path(what: string, path: unknown): this {
    this.#end = encodePath(what, path, this.#bytes, this.#end);
    this.#bytes[this.#end++] = 0;
    return this;
  }

  /** Adds a short text of ASCII characters and a NUL. Beyond the end of the buffer, it adds nothing but length. */
  word(word: string): this {
    for (let index = 0; index < word.length; index++) this.#bytes[this.#end++] = word.charCodeAt(index);
    this.#bytes[this.#end++] = 0;
    return this;
  }

  /**
   * Adds the value of a node, behind its path.
   *
   * @throws {TypeError} if it is not a value.
   * @throws {RangeError} if it is too large, or is a text with a NUL.
   */
  value(what: string, value: unknown): this {
    switch (typeof value) {
      case "string":
        this.#text(what, value);
        return this;
      case "number":
        checkInteger(what, "`value`", value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
        this.#text(what, String(value));
        return this;
      default:
        if (!isBytes(value)) {
          throw new ArgumentTypeError(
            `Cannot ${what} as \`value\` must be a Uint8Array, a string or a number: current value is ${show(value)}`,
          );
        }
        this.#raw(what, value);
        return this;
    }
  }

  /** How many bytes a value may have behind what is there. */
  get #room(): number {
    return HEADER_SIZE + this.#most - this.#end;
  }

  #raw(what: string, value: Uint8Array): void {
    checkBytes(what, "`value`", value);
    const length = lengthOf.call(value);
    if (length > this.#room) this.#refuseSize(what, length);
    set.call(this.#bytes, value, this.#end);
    this.#end += length;
  }

  #text(what: string, text: string): void {
    if (text.includes("\0")) {
      throw new ArgumentRangeError(`Cannot ${what} as \`value\` must have no NUL if it is a string: pass a Uint8Array`);
    }
    if (text.length <= SHORT && text.length <= this.#room && this.#ascii(text)) return;
    if (!text.isWellFormed()) {
      throw new ArgumentRangeError(
        `Cannot ${what} as \`value\` must have no lone surrogates: current value is ${show(text)}`,
      );
    }
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(this.#end, this.#end + this.#room));
    if (read < text.length) this.#refuseSize(what, encoder.encode(text).length);
    this.#end += written;
  }

  /** Adds a text, if it has only ASCII characters. */
  #ascii(text: string): boolean {
    const end = this.#end;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) return false;
      this.#bytes[end + index] = code;
    }
    this.#end = end + text.length;
    return true;
  }

  #refuseSize(what: string, size: number): never {
    throw new ArgumentRangeError(
      `Cannot ${what} as \`value\` must be at most ${this.#room} bytes beside its path: current value is ${size} bytes`,
    );
  }

  /**
   * Finishes the request, but for its number.
   *
   * @returns The message. It is valid until the next one begins.
   * @throws {RangeError} if it is too large.
   */
  finish(what: string, type: number, transaction: number): Uint8Array<ArrayBuffer> {
    const length = this.#end - HEADER_SIZE;
    if (length > this.#most) {
      throw new ArgumentRangeError(
        `Cannot ${what} as the request must be at most ${this.#most} bytes: current value is ${length} bytes`,
      );
    }
    encodeHeader(this.#bytes, type, 0, transaction, length);
    return this.#bytes.subarray(0, this.#end);
  }
}
