/**
 * The layout of the shared page. All numbers have 32 bits, in the byte order of the machine that both domains run on.
 *
 * ```text
 *    0  line of the server, which grants the page: five words that only it writes
 *   64  line of the client, which maps the page: five words that only it writes
 *  128  magic: the server writes it last, so a client that finds it finds everything else in place
 * 1024  ring of messages from the server to the client, 1 KiB
 * 2048  ring of messages from the client to the server, 1 KiB
 * ```
 *
 * Each word has one writer, and the words of each side have a cache line of their own.
 *
 * @module
 */

/** Identifies this layout: "ring", and 1 as the version. */
export const MAGIC = 0x7269_6e01;

/** Bytes of a ring: a power of two, so that indices can wrap at 2³² without a gap. */
export const RING_BYTES = 1024;

/** The words of a line, by index. */
export const WORD = {
  /** {@linkcode OPEN} while this side is there. The unmap notify clears the first byte. */
  open: 0,
  /** The number of bytes that this side has written into its ring so far. */
  produced: 1,
  /** The number of bytes that this side has taken out of the other side's ring so far. */
  consumed: 2,
  /** Not 0 while this side sleeps and needs an event when something changes. */
  asleep: 3,
  /** Not 0 when this side will write no more. */
  finished: 4,
} as const;

/** The first byte tells that a side is there. The second one, which nothing clears, tells that it was there once. */
export const OPEN = 0x0101;

/** The offset of each side's line, and of the byte that its unmap notify clears. */
export const SERVER_LINE = 0;
export const CLIENT_LINE = 64;
const MAGIC_PLACE = 128;
const FROM_SERVER = 1024;
const FROM_CLIENT = 2048;

/** The words of one side. */
export type Line = Int32Array<ArrayBuffer>;

/** The page as one side sees it. */
export interface Page {
  /** The line that this side writes. */
  readonly own: Line;
  /** The line that the other side writes. It may contain anything, and change at any time. */
  readonly other: Line;
  /** The ring that this side writes into. */
  readonly outgoing: Uint8Array<ArrayBuffer>;
  /** The ring that the other side writes into. */
  readonly incoming: Uint8Array<ArrayBuffer>;
  /** The word with {@linkcode MAGIC}. */
  readonly magic: Line;
}

/** Returns the page as the server or the client sees it. The bytes may be part of a larger buffer. */
export function pageOf({ buffer, byteOffset }: Uint8Array<ArrayBuffer>, side: "server" | "client"): Page {
  const line = (start: number) => new Int32Array(buffer, byteOffset + start, 5);
  const ring = (start: number) => new Uint8Array(buffer, byteOffset + start, RING_BYTES);
  const [server, client] = [line(SERVER_LINE), line(CLIENT_LINE)];
  const [fromServer, fromClient] = [ring(FROM_SERVER), ring(FROM_CLIENT)];
  const magic = new Int32Array(buffer, byteOffset + MAGIC_PLACE, 1);
  return side === "server"
    ? { own: server, other: client, outgoing: fromServer, incoming: fromClient, magic }
    : { own: client, other: server, outgoing: fromClient, incoming: fromServer, magic };
}
