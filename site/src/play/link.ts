/**
 * Links that carry a program in their fragment, which no server sees.
 *
 * @module
 */

const MARK = "#program=";

/** How long a program in a link may be, in bytes: a short link can hold a text that no page can show. */
export const MOST_BYTES = 65_536;

/**
 * Returns the fragment of a link to a program.
 *
 * @throws {Error} if the program is too long.
 */
export async function fragmentOf(program: string): Promise<string> {
  const bytes = new TextEncoder().encode(program);
  if (bytes.length > MOST_BYTES) {
    throw new Error(`Cannot make a link: the program has more than ${MOST_BYTES} bytes. Send its text.`);
  }
  const packed = await collected(through(bytes, new CompressionStream("deflate-raw")), Infinity);
  const text = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  return MARK + text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Returns the program in a fragment; `undefined` if it is a fragment of another kind.
 *
 * @throws {Error} if the link is broken, or its program too long.
 */
export async function programIn(fragment: string): Promise<string | undefined> {
  if (!fragment.startsWith(MARK)) return undefined;
  try {
    const text = atob(fragment.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
    const packed = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const bytes = await collected(through(packed, new DecompressionStream("deflate-raw")), MOST_BYTES);
    // Browsers show a lone carriage return as nothing, but it ends a comment: no program may hide a line behind one.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll(/\r\n?/g, "\n");
  } catch (cause) {
    const reason = cause instanceof RangeError ? cause.message : "the link is broken";
    throw new Error(`Cannot open the program: ${reason}. Ask the sender for its text.`, { cause });
  }
}

function through(bytes: Uint8Array<ArrayBuffer>, stream: GenericTransformStream): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(stream);
}

/** Reads a stream, and cancels it as soon as it is too long. */
async function collected(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: BlobPart[] = [];
  let length = 0;
  for (const reader = stream.getReader();;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new RangeError(`it has more than ${most} bytes`);
    }
    chunks.push(value as Uint8Array<ArrayBuffer>);
  }
}
