import { type GrantMapper, type Mapping, PAGE_SIZE } from "@gntalloc/gntalloc";
import { setTimeout as sleep } from "node:timers/promises";
import { hexdump } from "../hexdump.ts";
import { writeInto } from "../memory.ts";
import { bytesText, pagesText } from "../counts.ts";
import { quoted } from "../printable.ts";
import { find, publish, withdraw } from "../publication.ts";
import { releasing } from "../release.ts";
import { referencesOf, writeReferences } from "../references.ts";
import { readContent, readDomid, readDuration, readNumber } from "../values.ts";
import { PATIENCE } from "./patience.ts";
import type { Side } from "./side.ts";
import type { Call, Verb } from "./verb.ts";

/** Sharing, mapping and copying pages. */
export const GRANT_VERBS: Readonly<Record<string, Verb>> = {
  share: {
    usage: "NAME --to DOMID [--pages N] [--writable] [--fill TEXT]",
    help: "grants pages, maps them here, and publishes their references as NAME",
    async run(call) {
      const { side, args: [name], options: { fill }, say } = call;
      const share = side.device.open().share(...allocationOf(call));
      side.keep(name!, {
        kind: "share",
        share,
        release: () => unpublish(side, name!, share.grefs, () => share.release()),
      });
      if (typeof fill === "string") writeInto(share.mapping, 0, readContent(fill, share.count * PAGE_SIZE));
      await publish(await side.store, name!, share.domid, share.grefs);
      await say(
        `shares ${pagesText(share.count)} with domain ${share.domid} as ${name}: ${writeReferences(share.grefs)}`,
      );
    },
  },
  allocate: {
    usage: "NAME --to DOMID [--pages N] [--writable]",
    help: "the same, without mapping them here",
    async run(call) {
      const { side, args: [name], say } = call;
      const pages = side.device.open().allocate(...allocationOf(call));
      side.keep(name!, {
        kind: "pages",
        pages,
        release: () => unpublish(side, name!, pages.grefs, () => pages.free()),
      });
      await publish(await side.store, name!, pages.domid, pages.grefs);
      await say(
        `grants ${pagesText(pages.count)} to domain ${pages.domid} as ${name}: ${writeReferences(pages.grefs)}`,
      );
    },
  },
  view: {
    usage: "NAME PAGES",
    help: "maps pages of this domain that `allocate` has made",
    async run({ side, args: [name, of], say }) {
      side.checkFree(name!);
      const mapping = side.get(of!, "pages").pages.map();
      side.keep(name!, { kind: "mapping", mapping, release: () => mapping.unmap() });
      await say(`maps its own pages ${of} as ${name}`);
    },
  },
  map: {
    usage: "NAME DOMID WHAT [--writable]",
    help: "maps pages of a domain; WHAT is a name that it has published, or references such as 8-11,14",
    async run({ side, args: [name, from, what], options: { writable = false }, signal, say }) {
      side.checkFree(name!);
      const domid = readDomid(from!);
      const patience = { timeout: PATIENCE, signal, alone: undefined };
      const grefs = await referencesOf([what!], async (name) => find(await side.store, domid, name, patience));
      const mapping = mapPages(side.mapper, domid, grefs, writable === true);
      side.keep(name!, { kind: "mapping", mapping, release: () => mapping.unmap() });
      await say(`maps ${pagesText(grefs.length)} of domain ${domid} as ${name}`);
    },
  },
  write: {
    usage: "NAME OFFSET TEXT",
    help: "writes text, or with @FILE a file, into mapped pages",
    async run({ side, args: [name, offset, text], say }) {
      const bytes = readContent(text!);
      writeInto(memoryOf(side, name!), readNumber(offset!, "the offset"), bytes);
      await say(`writes ${bytesText(bytes.length)} into ${name} at ${offset}`);
    },
  },
  dump: {
    usage: "NAME [OFFSET] [LENGTH]",
    help: "shows what is in mapped pages: 64 bytes unless LENGTH says otherwise",
    async run({ side, args: [name, offset = "0", length = "64"], palette, say }) {
      const start = readNumber(offset, "the offset");
      const bytes = memoryOf(side, name!).read(start, readNumber(length, "the length"));
      await say(`${name}:\n${hexdump(bytes, start, palette)}`);
    },
  },
  expect: {
    usage: "NAME OFFSET TEXT [TIME]",
    help: "fails unless mapped pages have the text there, or get it within TIME",
    async run({ side, args: [name, offset, text, time = "0ms"], signal }) {
      const wanted = readContent(text!);
      const start = readNumber(offset!, "the offset");
      const end = performance.now() + readDuration(time);
      for (;;) {
        const found = memoryOf(side, name!).read(start, wanted.length);
        if (wanted.every((byte, index) => byte === found[index])) return;
        if (performance.now() >= end) {
          const shown = quoted(new TextDecoder().decode(found));
          throw new Error(`${name} has ${shown} at ${offset}, not ${quoted(text!)}`);
        }
        await sleep(10, undefined, { signal });
      }
    },
  },
  copy: {
    usage: "DOMID GREF [LENGTH]",
    help: "copies the start of a granted page without mapping it, and shows it: 64 bytes unless LENGTH says otherwise",
    async run({ side, args: [from, gref, length = "64"], palette, say }) {
      const domid = readDomid(from!);
      const to = new Uint8Array(readNumber(length, "the length", 1, PAGE_SIZE));
      const reference = readNumber(gref!, "the reference");
      const [status] = side.mapper.copy([{ from: { domid, gref: reference }, to }]);
      if (status !== "okay") {
        const message =
          `Cannot copy from domain ${domid}: Xen says ${status}. Check the reference, and who it is granted to.`;
        throw Object.assign(new Error(message), { code: status });
      }
      await say(`copies from domain ${domid}:\n${hexdump(to, 0, palette)}`);
    },
  },
  free: {
    usage: "NAME",
    help: "frees pages of `allocate` or `share`; those that are mapped here or there live on until they are unmapped",
    async run({ side, args: [name], say }) {
      await side.release(name!, "pages", "share");
      await say(`frees ${name}`);
    },
  },
  unmap: {
    usage: "NAME",
    help: "ends a mapping of `map` or `view`",
    async run({ side, args: [name], say }) {
      await side.release(name!, "mapping");
      await say(`unmaps ${name}`);
    },
  },
};

/** Maps pages, for writing or not. */
export function mapPages(mapper: GrantMapper, domid: number, grefs: readonly number[], writable: boolean) {
  return writable ? mapper.map(domid, grefs, { writable: true }) : mapper.map(domid, grefs);
}

function allocationOf({ side, args: [name], options }: Call) {
  const { to, pages = "1", writable = false } = options;
  side.checkFree(name!);
  const domid = readDomid(to as string, "--to");
  return [domid, { pages: readNumber(pages as string, "--pages", 1), writable: writable === true }] as const;
}

function memoryOf(side: Side, name: string): Mapping {
  const held = side.get(name, "share", "mapping");
  return held.kind === "share" ? held.share.mapping : held.mapping;
}

/** Withdraws a name, and then releases what it stands for, even if that failed. */
async function unpublish(side: Side, name: string, grefs: readonly number[], release: () => void): Promise<void> {
  await releasing(release, async () => withdraw(await side.store, name, grefs));
}
