/**
 * What a peer does with the bytes of a connection. ../../peer/vchan_stream.c and vchan_calls.c do the same.
 *
 * @module
 */

import { Sink, Source } from "./content.ts";

/** A connection: a vchan, or a socket of the program that stands before one. */
export interface Duplex {
  read(target: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** What a visitor writes, and reads again. */
export const GREETING = 100;

/** The size of the next piece of a stream in pieces of many sizes. */
const nextSize = (size: number) => size * 3 % 40_009;

/** @param piece The size of the pieces, or 0 for many sizes. */
export async function writeStream(to: Duplex, length: number, piece: number, seed: number): Promise<void> {
  const source = new Source(seed);
  for (let done = 0, size = piece || 1; done < length; size = piece || nextSize(size)) {
    const bytes = source.take(Math.min(size, length - done));
    await to.write(bytes);
    done += bytes.length;
  }
}

/** Reads and checks a stream until it has a length or ends. Returns how many bytes it had. */
export async function readStream(from: Duplex, length: number, seed: number): Promise<number> {
  const sink = new Sink(seed);
  let total = 0;
  while (total < length) {
    const count = await from.read(sink.room(length - total));
    if (count === null) break;
    sink.take(count);
    total += count;
  }
  sink.check();
  return total;
}

/** The length of a stream, and its seed. */
type Stream = readonly [length: number, seed: number];

/** Writes a stream over each connection, and reads another one, all at once. The seeds go up by one for each. */
export async function exchange(
  connections: readonly Duplex[],
  piece: number,
  [outLength, outSeed]: Stream,
  [inLength, inSeed]: Stream,
): Promise<void> {
  await Promise.all(connections.map(async (connection, index) => {
    const [count] = await Promise.all([
      readStream(connection, inLength, inSeed + index),
      writeStream(connection, outLength, piece, outSeed + index),
    ]);
    if (count !== inLength) throw new Error(`the stream ended after ${count} of ${inLength} bytes`);
  }));
}

/** Connects again and again; each time sends a greeting, reads it again and closes the connection. */
export async function visit(connect: () => Promise<Duplex>, count: number, seed: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const connection = await connect();
    await exchange([connection], GREETING, [GREETING, seed + number], [GREETING, seed + number]);
    connection.close();
  }
}

/**
 * Sends back what comes, to one connection after the other, until the one ends with which so many bytes are reached.
 * They are counted, not the connections: a server in C takes two clients for one if it notices too late that the first
 * has left. Returns how many bytes came, and by how many connections.
 */
export async function serve(clients: AsyncIterable<Duplex>, length: number): Promise<[bytes: number, served: number]> {
  const bytes = new Uint8Array(4096);
  let total = 0;
  let served = 0;
  for await (const connection of clients) {
    for (let count; (count = await connection.read(bytes)) !== null; total += count) {
      await connection.write(bytes.subarray(0, count));
    }
    connection.close();
    served++;
    if (total >= length) break;
  }
  return [total, served];
}
