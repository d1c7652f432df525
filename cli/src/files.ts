/**
 * Reads files that people name. They may be anything, also devices without an end.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { UsageError } from "./exit.ts";

/** How much of a file is read, in MiB: as much as one mapping may have, unless root has raised the driver's limit. */
const MOST = 256;

/**
 * Reads a file.
 *
 * @param what The file, for the message.
 * @throws {UsageError} if it cannot be read, or is too large.
 */
export function readFile(path: string, what = path): Uint8Array {
  const bytes = readStart(path, MOST * 2 ** 20 + 1, what);
  if (bytes.length > MOST * 2 ** 20) throw new UsageError(`Cannot read ${what}: it has more than ${MOST} MiB.`);
  return bytes;
}

/** Reads a file of text. */
export function readText(path: string, what = path): string {
  return new TextDecoder().decode(readFile(path, what));
}

/** Reads the first bytes of a file, at most `most`. */
export function readStart(path: string, most: number, what = path): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const parts: Uint8Array[] = [];
    const room = new Uint8Array(Math.min(most, 2 ** 20));
    for (let left = most; left > 0;) {
      const length = readSync(file, room, 0, Math.min(left, room.length), null);
      if (length === 0) break;
      // As short as what came: a pipe may bring a few bytes at a time.
      parts.push(room.slice(0, length));
      left -= length;
    }
    return Buffer.concat(parts);
  } catch (error) {
    throw new UsageError(`Cannot read ${what}: ${(error as Error).message}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
