/**
 * The layout of the shared page: that of libxenvchan, byte by byte. Source: Xen's public header `io/libxenvchan.h`.
 *
 * ```text
 *  0  u32  left.cons      the server has read so many bytes of the left ring
 *  4  u32  left.prod      the client has written so many
 *  8  u32  right.cons     the client has read so many bytes of the right ring
 * 12  u32  right.prod     the server has written so many
 * 16  u16  left_order     the left ring has 2^left_order bytes
 * 18  u16  right_order
 * 20  u8   cli_live       2: the client has not come yet, 1: it is here, 0: it is gone. Only the server reads it
 * 21  u8   srv_live       1: the server is here, 0: it is gone
 * 22  u8   cli_notify     on what the client shall send an event. The server sets bits, and the client clears them
 * 23  u8   srv_notify     on what the server shall. The client sets bits, and the server clears them
 * 24  u32  grants[]       the references of the pages of the left ring, and then of the right one
 * ```
 *
 * The client writes into the left ring and reads from the right one. Indices count bytes from the beginning of time,
 * and wrap at 2³². The difference of the two indices of a ring is what it holds.
 *
 * @module
 */

/** The two indices of a ring, by their place among the words of the page. */
export interface RingIndices {
  /** How many bytes were read: the reader writes it. */
  readonly consumed: number;
  /** How many bytes were written: the writer writes it. */
  readonly produced: number;
}

const LEFT: RingIndices = { consumed: 0, produced: 1 };
const RIGHT: RingIndices = { consumed: 2, produced: 3 };

/** How many words the indices take. */
export const INDICES = 4;
/** Where the order of the left ring is; that of the right one follows. */
export const ORDERS_AT = 16;
/** The byte that tells whether the client is here, and the one for the server. */
export const CLIENT_LIVE = 20;
export const SERVER_LIVE = 21;
const CLIENT_NOTIFY = 22;
const SERVER_NOTIFY = 23;
/** Where the grant references are. */
export const GRANTS_AT = 24;

/** `cli_live` before a client has come. */
export const NOT_YET = 2;
/** A live byte of a side that is here. */
export const HERE = 1;
/** What the server of this library makes of `cli_live` when it has seen that the client is here. */
export const SEEN = 3;
/** A live byte of a side that is gone. */
export const GONE = 0;

/** The bits of the notify bytes: to send an event after having written, and after having read. */
export const WROTE = 1;
export const READ = 2;

/** The page as one side sees it. */
export interface Side {
  /** The indices of the ring that it reads from. */
  readonly reading: RingIndices;
  /** The indices of the ring that it writes into. */
  readonly writing: RingIndices;
  /** Its own live byte. */
  readonly live: number;
  /** Where it asks the other side for events. */
  readonly asks: number;
  /** Where the other side asks it for events. */
  readonly answers: number;
}

/** The page as the server sees it. */
export const SERVER: Side = {
  reading: LEFT,
  writing: RIGHT,
  live: SERVER_LIVE,
  asks: CLIENT_NOTIFY,
  answers: SERVER_NOTIFY,
};

/** The page as the client sees it. */
export const CLIENT: Side = {
  reading: RIGHT,
  writing: LEFT,
  live: CLIENT_LIVE,
  asks: SERVER_NOTIFY,
  answers: CLIENT_NOTIFY,
};
