import { type CopyPlace, type GrantCopy, GrantMapper, PAGE_SIZE } from "@gntalloc/gntalloc";
import { bytesText } from "../counts.ts";
import { Failed, UsageError } from "../exit.ts";
import { dumpOf } from "../hexdump.ts";
import type { Host } from "../host.ts";
import { paletteOf } from "../palette.ts";
import { at, type PlaceOptions } from "../place.ts";
import { readContent, readDomid, readDuration, readNumber } from "../values.ts";
import { waitForReferences } from "./map.ts";

/** The options of `copy`. */
export interface CopyCommandOptions extends PlaceOptions {
  readonly offset: string;
  readonly length?: string;
  readonly write?: string;
  readonly raw?: boolean;
  readonly timeout: string;
}

/** How many segments one request has: enough to be fast, and few enough to say how far it is. */
const AT_ONCE = 256;

/** Copies bytes out of granted pages, or into them, without mapping them. */
export function copy(host: Host, from: string, what: readonly string[], options: CopyCommandOptions): Promise<void> {
  const granter = readDomid(from, "FROM");
  const offset = readNumber(options.offset, "--offset");
  const content = options.write === undefined ? undefined : readContent(options.write);
  const timeout = readDuration(options.timeout, "--timeout");
  return at(host, options, 0, async ({ place, signal, alone }) => {
    const grefs = await waitForReferences(host, place, granter, what, { timeout, signal, alone: alone() });
    const total = grefs.length * PAGE_SIZE;
    const length = content?.length ??
      (options.length === undefined ? Math.max(0, total - offset) : readNumber(options.length, "--length", 1));
    if (offset > total || length > total - offset) {
      throw new UsageError(`Cannot copy ${bytesText(length)} at offset ${offset}: the pages have ${total} bytes.`);
    }
    const bytes = content ?? new Uint8Array(length);
    const mapper = new GrantMapper(place.domain);
    try {
      await copyAll(host, mapper, granter, segmentsOf(granter, grefs, offset, bytes, content !== undefined), signal);
    } finally {
      mapper.close();
    }
    if (content !== undefined) await host.note(`copied ${bytesText(content.length)} to domain ${granter}`);
    else if (options.raw) await host.out(bytes);
    else await host.out(dumpOf(bytes, offset, paletteOf(host.colours)));
  });
}

/** Cuts bytes at the borders of pages. */
function segmentsOf(
  domid: number,
  grefs: readonly number[],
  offset: number,
  bytes: Uint8Array,
  isWrite: boolean,
): GrantCopy[] {
  const segments: GrantCopy[] = [];
  let done = 0;
  while (done < bytes.length) {
    const start = offset + done;
    const gref = grefs[Math.floor(start / PAGE_SIZE)]!;
    const length = Math.min(bytes.length - done, PAGE_SIZE - start % PAGE_SIZE);
    const ours = bytes.subarray(done, done + length);
    const theirs: CopyPlace = { domid, gref, offset: start % PAGE_SIZE };
    segments.push(isWrite ? { from: ours, to: theirs } : { from: theirs, to: ours });
    done += length;
  }
  return segments;
}

async function copyAll(
  host: Host,
  mapper: GrantMapper,
  domid: number,
  segments: readonly GrantCopy[],
  signal: AbortSignal,
) {
  const refused: string[] = [];
  for (let first = 0; first < segments.length; first += AT_ONCE) {
    signal.throwIfAborted();
    const request = segments.slice(first, first + AT_ONCE);
    for (const [index, status] of mapper.copy(request).entries()) {
      if (status === "okay") continue;
      const { from, to } = request[index]!;
      refused.push(`reference ${("gref" in from ? from : to as CopyPlace).gref}: ${status}`);
    }
    if (segments.length > AT_ONCE) await host.progress(`copied ${first + request.length} of ${segments.length} pieces`);
  }
  await host.progress("");
  if (refused.length === 0) return;
  const shown = refused.slice(0, 3).join(", ") + (refused.length > 3 ? ` and ${refused.length - 3} more` : "");
  await host.note(
    `gntalloc: copy: Xen refused ${refused.length} of ${segments.length} segments with domain ${domid}: ${shown}. ` +
      "Check the references, who they are granted to, and whether for writing.",
  );
  throw new Failed("refused");
}
