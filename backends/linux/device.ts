/**
 * What the files of all devices have in common: they are opened and closed, and requests need memory.
 *
 * @module
 */

import { GrantError, type GrantOperation } from "../../src/contract/errors.ts";
import { encodeUnmapNotify, UNMAP_NOTIFY_CLEAR_BYTE, UNMAP_NOTIFY_SEND_EVENT } from "./abi/grants.ts";
import type { UnmapNotify } from "../../src/contract/backend.ts";
import { commonError, type Device, openError } from "./errors.ts";

/** The memory for a request: one buffer, used again and again, as calls do not nest. Large requests get their own. */
export class Scratch {
  readonly #kept = newRequest(4096);
  readonly #operation: GrantOperation;

  /** @param operation The operation whose requests may be large. */
  constructor(operation: GrantOperation) {
    this.#operation = operation;
  }

  /**
   * Memory for one request, not zeroed.
   *
   * @throws {GrantError} `no-memory` if it cannot be had.
   */
  request(size: number): Request {
    if (size <= this.#kept.bytes.length) return this.#kept;
    try {
      return newRequest(size);
    } catch (cause) {
      const message =
        `Cannot ${this.#operation} so much at once as the request must fit in memory: it has ${size} bytes`;
      throw new GrantError(message, { code: "no-memory", operation: this.#operation, cause });
    }
  }
}

/** Memory for one request. It has an address of its own, which stays: see {@linkcode Libc.address}. */
export interface Request {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

function newRequest(size: number): Request {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

/**
 * Opens a device.
 *
 * @param nonblocking Whether to read from it never waits.
 * @returns The file descriptor.
 */
export function openDevice(device: Device, nonblocking = false): number {
  const fd = device.libc.open(device.path, nonblocking);
  if (fd < 0) throw openError(device, -fd);
  return fd;
}

/** Closes a device. */
export function closeDevice(device: Device, fd: number): void {
  const result = device.libc.close(fd);
  if (result < 0) throw commonError(device, "close", `close ${device.path}`, -result);
}

/** Writes the request for an unmap notify whose byte counts from `index`. */
export function encodeNotify(view: DataView, index: number, { clearByte, eventPort }: UnmapNotify): void {
  encodeUnmapNotify(
    view,
    index + (clearByte ?? 0),
    (clearByte === undefined ? 0 : UNMAP_NOTIFY_CLEAR_BYTE) | (eventPort === undefined ? 0 : UNMAP_NOTIFY_SEND_EVENT),
    eventPort ?? 0,
  );
}
