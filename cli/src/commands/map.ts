import { GrantMapper, PAGE_SIZE, type PeerMapping } from "@gntalloc/gntalloc";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
import { setTimeout as sleep } from "node:timers/promises";
import { changesOf, dumpOf } from "../hexdump.ts";
import { hold, show } from "../hold.ts";
import type { Host } from "../host.ts";
import { writeInto } from "../memory.ts";
import { paletteOf } from "../palette.ts";
import { at, type Place, type PlaceOptions } from "../place.ts";
import { find, type Patience } from "../publication.ts";
import { referencesOf } from "../references.ts";
import { mapPages } from "../script/grant_verbs.ts";
import { readDomid, readDuration, readNumber, readPatch } from "../values.ts";

/** The options of `map`. */
export interface MapCommandOptions extends PlaceOptions {
  readonly write?: readonly string[];
  readonly writable?: boolean;
  readonly offset: string;
  readonly length?: string;
  readonly raw?: boolean;
  readonly watch?: boolean;
  readonly every: string;
  readonly hold?: boolean;
  readonly for?: string;
  readonly timeout: string;
}

/** Maps pages of a domain, and shows what is in them. */
export function map(host: Host, from: string, what: readonly string[], options: MapCommandOptions): Promise<void> {
  const granter = readDomid(from, "FROM");
  const patches = (options.write ?? []).map(readPatch);
  const writable = options.writable === true || patches.length > 0;
  const offset = readNumber(options.offset, "--offset");
  const milliseconds = options.for === undefined ? undefined : readDuration(options.for, "--for");
  const every = readDuration(options.every, "--every");
  const holds = !options.watch && (options.hold === true || milliseconds !== undefined);
  const timeout = readDuration(options.timeout, "--timeout");
  return at(host, options, 0, async ({ place, signal, play, alone }) => {
    // It may have to publish the name.
    const played = play();
    const grefs = await waitForReferences(host, place, granter, what, { timeout, signal, alone: alone() });
    const length = options.length === undefined
      ? grefs.length * PAGE_SIZE - offset
      : readNumber(options.length, "--length");
    const mapper = new GrantMapper(place.domain);
    try {
      const mapping = mapPages(mapper, granter, grefs, writable);
      try {
        for (const patch of patches) writeInto(mapping, patch.offset, patch.bytes);
        const bytes = mapping.read(offset, length);
        const palette = paletteOf(host.colours);
        const shown = options.raw ? bytes : dumpOf(bytes, offset, palette);
        if (holds) await show(host, shown);
        else await host.out(shown);
        if (options.watch) {
          const ended = new AbortController();
          const any = AbortSignal.any([signal, ended.signal]);
          const watching = watch(host, mapping, bytes, offset, every, any);
          // Nobody reads it any more, or the memory is gone.
          watching.catch(() => ended.abort());
          await hold(host, { milliseconds, signal: any, played });
          ended.abort();
          await watching;
        } else if (holds) {
          await host.note(`holding the mapping${host.isInteractive ? "; press a key to unmap" : ""}`);
          await hold(host, { milliseconds, signal, played });
        }
      } finally {
        mapping.unmap();
      }
    } finally {
      mapper.close();
    }
    signal.throwIfAborted();
  });
}

/** Shows the lines that change, until the signal, and once more then. */
async function watch(
  host: Host,
  mapping: PeerMapping,
  first: Uint8Array,
  offset: number,
  every: number,
  signal: AbortSignal,
) {
  const palette = paletteOf(host.colours);
  let before = first;
  let isLast = false;
  while (!isLast) {
    isLast = await sleep(every, false, { signal }).catch(() => true);
    const after = mapping.read(offset, before.length);
    const changes = changesOf(before, after, offset, palette);
    if (changes !== "") await host.out(`${palette.faint(`— ${new Date().toISOString()}`)}\n${changes}\n`);
    before = after;
  }
}

/** Returns the references of pages, which another domain may yet have to publish. */
export function waitForReferences(
  host: Host,
  { domain }: Place,
  granter: number,
  what: readonly string[],
  patience: Patience,
): Promise<number[]> {
  return referencesOf(what, async (name) => {
    const store = await XenStore.open(domain, { signal: patience.signal });
    try {
      await host.progress(`waiting for domain ${granter} to publish ${name}`);
      return await find(store, granter, name, patience);
    } finally {
      await host.progress("");
      store.close();
    }
  });
}
