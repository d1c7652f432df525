import type { Frame, Page } from "../protocol.ts";

/** Returns a frame that shares the bytes of its unchanged pages with the one before, as many frames are kept. */
export function sharing(frame: Frame, before: Frame | undefined): Frame {
  if (before === undefined) return frame;
  const keyOf = ({ domid, gref }: Page) => `${domid} ${gref}`;
  const old = new Map(before.pages.map((page) => [keyOf(page), page.bytes]));
  const pages = frame.pages.map((page) => {
    const bytes = old.get(keyOf(page));
    return bytes !== undefined && areEqual(bytes, page.bytes) ? { ...page, bytes } : page;
  });
  return { ...frame, pages };
}

function areEqual(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, index) => byte === other[index]);
}
