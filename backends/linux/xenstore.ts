/**
 * Asks XenStore for the domid of this domain, over the kernel's `/dev/xen/xenbus`, as `io/xs_wire.h` of Xen's public
 * headers says.
 *
 * @module
 */

import { Errno } from "../../src/contract/errno.ts";
import type { Libc } from "./libc.ts";
import { pause } from "./pause.ts";

/** Messages to XenStore and its answers. */
export const XENBUS = "/dev/xen/xenbus";

/** The message type that reads a node. An answer has the type of its request, or is an error. */
const XS_READ = 2;
const REQUEST_ID = 1;
/** Bytes of a header: type, request, transaction and length of the body, 32 bits each. */
const HEADER_SIZE = 16;
/** More than an answer needs. */
const READ_SIZE = 4096;
/** How often to look for the answer, a millisecond apart. XenStore answers within a few, if it runs. */
const TRIES = 500;

/**
 * Returns the domid of this domain, or `undefined` if XenStore does not say. Waits for half a second at most.
 *
 * @param path The path of the device.
 */
export function readOwnDomid(libc: Libc, path: string = XENBUS): number | undefined {
  const fd = libc.open(path, true);
  if (fd < 0) return undefined;
  try {
    const request = encodeRead("domid");
    if (libc.write(fd, request) !== request.length) return undefined;
    const text = readAnswer(libc, fd);
    return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  } finally {
    libc.close(fd);
  }
}

/** Returns the request that reads a node. Its path, if relative, begins at the node of this domain. */
function encodeRead(path: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(`${path}\0`);
  const request = new Uint8Array(HEADER_SIZE + body.length);
  request.set(body, HEADER_SIZE);
  const view = new DataView(request.buffer);
  view.setUint32(0, XS_READ, true);
  view.setUint32(4, REQUEST_ID, true);
  view.setUint32(12, body.length, true);
  return request;
}

/** Returns the body of the answer, or `undefined` if it is an error, or does not come. */
function readAnswer(libc: Libc, fd: number): string | undefined {
  const answer = new Uint8Array(READ_SIZE);
  const view = new DataView(answer.buffer);
  const chunk = new Uint8Array(READ_SIZE);
  let length = 0;
  for (let tries = 0; tries < TRIES;) {
    const got = libc.read(fd, chunk);
    if (got === -Errno.EAGAIN || got === -Errno.EINTR) {
      tries++;
      pause();
      continue;
    }
    if (got <= 0 || length + got > READ_SIZE) return undefined;
    answer.set(chunk.subarray(0, got), length);
    length += got;
    if (length < HEADER_SIZE) continue;
    if (view.getUint32(0, true) !== XS_READ || view.getUint32(4, true) !== REQUEST_ID) return undefined;
    const end = HEADER_SIZE + view.getUint32(12, true);
    if (length >= end) return new TextDecoder().decode(answer.subarray(HEADER_SIZE, end));
  }
  return undefined;
}
