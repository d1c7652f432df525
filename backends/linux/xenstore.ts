/**
 * Asks XenStore for the domid of this domain, and whether another one is there, over the kernel's `/dev/xen/xenbus`, as
 * `io/xs_wire.h` of Xen's public headers says.
 *
 * @module
 */

import { Errno } from "../../src/contract/errno.ts";
import { startTimer, stopTimer } from "../../src/contract/event_loop.ts";
import type { Libc } from "./libc.ts";

/** Messages to XenStore and its answers. */
export const XENBUS = "/dev/xen/xenbus";

/** The message type that reads a node. An answer has the type of its request, or is an error. */
const XS_READ = 2;
/** The message type that asks whether a domain can use XenStore. Only domain 0 may ask. */
const XS_IS_DOMAIN_INTRODUCED = 17;
const REQUEST_ID = 1;
/** Bytes of a header: type, request, transaction and length of the body, 32 bits each. */
const HEADER_SIZE = 16;
/** More than an answer needs. */
const READ_SIZE = 4096;
/** How long to wait for an answer, in milliseconds. */
const PATIENCE = 2000;

/**
 * Returns whether a domain is there, or `undefined` if XenStore does not say: it tells only domain 0, and others only
 * of themselves. Does not block the event loop, and waits for two seconds at most.
 */
export async function askWhetherAlive(libc: Libc, domid: number): Promise<boolean | undefined> {
  const end = performance.now() + PATIENCE;
  const introduced = await ask(libc, XS_IS_DOMAIN_INTRODUCED, String(domid), end);
  if (introduced === "T\0") return true;
  if (introduced === "F\0") return false;
  return domidOf(await ask(libc, XS_READ, "domid", end)) === domid ? true : undefined;
}

function domidOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

/**
 * Sends a request, and returns the body of its answer, or `undefined` if that is an error, or does not come in time.
 *
 * @param end How long to wait: until `performance.now()` returns this.
 */
async function ask(libc: Libc, type: number, argument: string, end: number): Promise<string | undefined> {
  const fd = send(libc, type, argument);
  if (fd === undefined) return undefined;
  try {
    const answer = new Answer(libc, fd, type);
    while (!answer.read()) {
      if (!await isReadable(libc, fd, end - performance.now())) return undefined;
    }
    return answer.text;
  } finally {
    libc.close(fd);
  }
}

/** Waits until a descriptor is readable. Returns whether it is, before a time in milliseconds has passed. */
function isReadable(libc: Libc, fd: number, time: number): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = libc.whenReadable(fd, () => {
      stopTimer(timer);
      resolve(true);
    });
    if (typeof stop === "number") return resolve(false);
    const timer = startTimer(() => {
      stop();
      resolve(false);
    }, Math.max(0, time));
  });
}

/**
 * Opens the device and writes a request. Returns the descriptor, which the caller closes, or `undefined` if that fails.
 *
 * @param argument What the message is about. A relative path begins at the node of this domain.
 */
function send(libc: Libc, type: number, argument: string): number | undefined {
  const fd = libc.open(XENBUS, true);
  if (fd < 0) return undefined;
  const body = new TextEncoder().encode(`${argument}\0`);
  const request = new Uint8Array(HEADER_SIZE + body.length);
  request.set(body, HEADER_SIZE);
  const view = new DataView(request.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, REQUEST_ID, true);
  view.setUint32(12, body.length, true);
  if (libc.write(fd, request) === request.length) return fd;
  libc.close(fd);
  return undefined;
}

/** An answer that arrives in pieces. */
class Answer {
  /** The body, once it is there. `undefined` if the answer is an error. */
  text: string | undefined;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #type: number;
  readonly #bytes = new Uint8Array(READ_SIZE);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #chunk = new Uint8Array(READ_SIZE);
  #length = 0;

  constructor(libc: Libc, fd: number, type: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#type = type;
  }

  /** Reads what has arrived. Returns whether nothing more is to come: the answer is complete, or wrong. */
  read(): boolean {
    for (;;) {
      const got = this.#libc.read(this.#fd, this.#chunk);
      if (got === -Errno.EAGAIN || got === -Errno.EINTR) return false;
      if (got <= 0 || this.#length + got > READ_SIZE) return true;
      this.#bytes.set(this.#chunk.subarray(0, got), this.#length);
      this.#length += got;
      if (this.#isComplete()) return true;
    }
  }

  #isComplete(): boolean {
    if (this.#length < HEADER_SIZE) return false;
    if (this.#view.getUint32(0, true) !== this.#type || this.#view.getUint32(4, true) !== REQUEST_ID) return true;
    const end = HEADER_SIZE + this.#view.getUint32(12, true);
    if (this.#length < end) return false;
    this.text = new TextDecoder().decode(this.#bytes.subarray(HEADER_SIZE, end));
    return true;
  }
}
