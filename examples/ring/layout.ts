/**
 * What is where in the shared page. All numbers are 32 bits wide, in the byte order of the machine, which both domains run on.
 *
 * ```text
 *    0  line of the server, which grants the page: five words that it alone writes
 *   64  line of the client, which maps the page: five words that it alone writes
 *  128  magic: the server writes it last, so a client that finds it finds everything else in order
 * 1024  messages from the server to the client, 1 KiB, round and round
 * 2048  messages from the client to the server, 1 KiB
 * ```
 *
 * Each word has one writer, and the words of each side lie in a cache line of their own.
 *
 * @module
 */

/** What a page begins with that is laid out so: "ring", and 1 as the version. */
export const MAGIC = 0x7269_6e01;

/** Bytes of a ring: a power of two, so that indices run on past it, and round at 2³², without a gap. */
export const RING_BYTES = 1024;

/** The words of a line. */
export const WORD = {
  /** {@linkcode OPEN} while this side is there. Its first byte is the one that the unmap notify clears. */
  open: 0,
  /** How many bytes this side has ever written into its ring. */
  produced: 1,
  /** How many bytes this side has ever taken out of the other's ring. */
  consumed: 2,
  /** Not 0 while this side sleeps and wants an event when anything changes. */
  asleep: 3,
  /** Not 0 when this side has written all that it will. */
  finished: 4,
} as const;

/** The first byte says that a side is there; the second one, which nothing clears, that it ever was. */
export const OPEN = 0x0101;

/** Where the line of each side begins, which is also the byte that its unmap notify clears. */
export const SERVER_LINE = 0;
export const CLIENT_LINE = 64;
const MAGIC_PLACE = 128;
const FROM_SERVER = 1024;
const FROM_CLIENT = 2048;

/** The words of one side. */
export type Line = Int32Array<ArrayBuffer>;

/** The page as one side sees it. */
export interface Page {
  /** What this side writes. */
  readonly own: Line;
  /** What the other side writes, at any time, and perhaps anything. */
  readonly other: Line;
  /** The ring that this side writes into. */
  readonly outgoing: Uint8Array<ArrayBuffer>;
  /** The ring that the other side writes into. */
  readonly incoming: Uint8Array<ArrayBuffer>;
  /** One word. */
  readonly magic: Line;
}

/** The page, as the server or the client sees it. `bytes` may be a part of a larger buffer. */
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
