import type { Mapping, WritableMapping } from "@gntalloc/gntalloc";
import { bytesText } from "./counts.ts";
import { UsageError } from "./exit.ts";

/** Throws unless bytes fit into pages with `total` bytes. */
export function checkFits(offset: number, bytes: Uint8Array, total: number): void {
  if (offset + bytes.length > total) {
    throw new UsageError(`Cannot write ${bytesText(bytes.length)} at offset ${offset}: the pages have ${total} bytes.`);
  }
}

/** Writes bytes into mapped pages, which may be in several parts. */
export function writeInto(mapping: Mapping, offset: number, bytes: Uint8Array): void {
  if (!isWritable(mapping)) {
    throw new UsageError("Cannot write as the pages are mapped read-only. Map them with --writable.");
  }
  checkFits(offset, bytes, mapping.parts.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const part of mapping.parts) {
    // What of the bytes falls into this part.
    const from = Math.max(0, start - offset);
    const to = Math.min(bytes.length, start + part.length - offset);
    if (from < to) part.set(bytes.subarray(from, to), offset + from - start);
    start += part.length;
  }
}

function isWritable(mapping: Mapping): mapping is WritableMapping {
  return mapping.writable;
}
