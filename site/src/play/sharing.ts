import type { Frame, Page } from "../protocol.ts";

/** What tells a page from others. */
export function placeOf({ domid, gref }: { readonly domid: number; readonly gref: number }): string {
  return `${domid} ${gref}`;
}

/** The bytes of the pages of a frame, by their places. */
export function bytesIn(frame: Frame): ReadonlyMap<string, Page["bytes"]> {
  return new Map(frame.pages.map((page) => [placeOf(page), page.bytes]));
}

/** Returns a frame that shares the bytes of its unchanged pages with the one before, as many frames are kept. */
export function sharing(frame: Frame, before: Frame | undefined): Frame {
  if (before === undefined) return frame;
  const old = bytesIn(before);
  const pages = frame.pages.map((page) => {
    const bytes = old.get(placeOf(page));
    return bytes !== undefined && areEqual(bytes, page.bytes) ? { ...page, bytes } : page;
  });
  return { ...frame, pages };
}

function areEqual(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, index) => byte === other[index]);
}
