import { GrantDevice, PAGE_SIZE } from "@gntalloc/gntalloc";
import { XenStore } from "@gntalloc/gntalloc/xenstore";
import { hold, show } from "../hold.ts";
import type { Host } from "../host.ts";
import { checkFits, writeInto } from "../memory.ts";
import { pagesText } from "../counts.ts";
import { at, type Place, type PlaceOptions } from "../place.ts";
import { checkName, publish, withdraw } from "../publication.ts";
import { writeReferences } from "../references.ts";
import { readContent, readDomid, readDuration, readNumber } from "../values.ts";

/** The options of `share`. */
export interface ShareCommandOptions extends PlaceOptions {
  readonly to: string;
  readonly pages: string;
  readonly writable?: boolean;
  readonly fill?: string;
  readonly name?: string;
  readonly for?: string;
}

/** Shares pages and holds them; then releases them and says what the peer still holds. */
export function share(host: Host, options: ShareCommandOptions): Promise<void> {
  const peer = readDomid(options.to, "--to");
  const pages = readNumber(options.pages, "--pages", 1);
  const milliseconds = options.for === undefined ? undefined : readDuration(options.for, "--for");
  const content = options.fill === undefined ? undefined : readContent(options.fill, pages * PAGE_SIZE);
  if (content !== undefined) checkFits(0, content, pages * PAGE_SIZE);
  if (options.name !== undefined) checkName(options.name);
  return at(host, options, 1, async ({ place, signal, play }) => {
    const device = new GrantDevice(place.domain);
    try {
      const shared = device.open().share(peer, { pages, writable: options.writable === true });
      try {
        if (content !== undefined) writeInto(shared.mapping, 0, content);
        await publishWhile(host, place, options.name, peer, shared.grefs, signal, async () => {
          await show(host, `${writeReferences(shared.grefs)}\n`);
          await host.note(`sharing ${pagesText(pages)} with domain ${peer}; ${howToEnd(host, milliseconds)}`);
          await hold(host, { milliseconds, signal, played: play() });
        });
      } finally {
        shared.release();
        await host.note(afterRelease(device, place, pages, peer));
      }
    } finally {
      device.close();
    }
    signal.throwIfAborted();
  });
}

/** Runs a body while the references are published by a name, if there is one. */
async function publishWhile(
  host: Host,
  { domain }: Place,
  name: string | undefined,
  peer: number,
  grefs: readonly number[],
  signal: AbortSignal,
  body: () => Promise<void>,
): Promise<void> {
  if (name === undefined) return await body();
  const store = await XenStore.open(domain, { signal });
  try {
    if (await publish(store, name, peer, grefs)) await host.note(`replaced what was published as ${name}`);
    await body();
  } finally {
    await withdrawFrom(store, name, grefs);
  }
}

async function withdrawFrom(store: XenStore, name: string, grefs: readonly number[]): Promise<void> {
  // If the store is lost, the pages are released all the same.
  await withdraw(store, name, grefs).catch(() => {});
  store.close();
}

function howToEnd(host: Host, milliseconds: number | undefined): string {
  if (milliseconds !== undefined) return `for ${milliseconds} ms`;
  return host.isInteractive ? "press a key to release them" : "SIGINT or SIGTERM releases them";
}

/** Says what the peer still holds, as far as anybody can know. */
function afterRelease(device: GrantDevice, { xen }: Place, pages: number, peer: number): string {
  const released = `released ${pagesText(pages)}`;
  const { pending } = device.inspect();
  if (pending > 0) return `${released}; ${pagesText(pending)} stay granted until domain ${peer} unmaps them`;
  if (xen === undefined) return `${released}; Linux keeps those that domain ${peer} still maps, and does not say which`;
  const held = xen.inspect().domains.flatMap(({ grants }) => grants).filter((grant) => grant.held).length;
  return held === 0 ? released : `${released}; domain ${peer} still maps ${pagesText(held)}`;
}
