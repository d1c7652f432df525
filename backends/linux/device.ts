/**
 * What all devices have in common: opening and closing them, memory for requests, and the unmap notify.
 *
 * @module
 */

import { PAGE_SIZE, type UnmapNotify } from "../../src/contract/backend.ts";
import { GrantError, type GrantOperation } from "../../src/contract/errors.ts";
import { encodeUnmapNotify, UNMAP_NOTIFY_CLEAR_BYTE, UNMAP_NOTIFY_SEND_EVENT } from "./abi/grants.ts";
import { commonError, type Device, openError, pageSizeError } from "./errors.ts";

/** Bytes of the buffer that is reused. */
const REUSED_SIZE = 4096;

/** Memory for requests. Because calls do not nest, one buffer serves all of them; only large requests get their own. */
export class Scratch {
  readonly #reused = newBuffer(REUSED_SIZE);
  readonly #operation: GrantOperation;

  /** @param operation The operation whose requests may be large. */
  constructor(operation: GrantOperation) {
    this.#operation = operation;
  }

  /**
   * Returns memory for one request. It is not zeroed.
   *
   * @throws {GrantError} `no-memory` if there is not enough memory.
   */
  request(size: number): RequestBuffer {
    if (size <= REUSED_SIZE) return this.#reused;
    try {
      return newBuffer(size);
    } catch (cause) {
      const message =
        `Cannot ${this.#operation} so much at once: there is no memory for a request of ${size} bytes. Ask for less.`;
      throw new GrantError(message, { code: "no-memory", operation: this.#operation, cause });
    }
  }
}

/** Memory for one request. Its address does not change: see {@linkcode Libc.address}. */
interface RequestBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

function newBuffer(size: number): RequestBuffer {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}

/**
 * Opens a device.
 *
 * @param nonblocking Whether reads fail with EAGAIN instead of waiting.
 * @returns The file descriptor.
 * @throws {GrantError} if the kernel refuses.
 */
export function openDevice(device: Device, nonblocking = false): number {
  const fd = device.libc.open(device.path, nonblocking);
  if (fd < 0) throw openError(device, -fd);
  return fd;
}

/**
 * Opens a device through which pages are mapped.
 *
 * @returns The file descriptor.
 * @throws {GrantError} if the kernel refuses, or if its pages are larger than those of Xen: such a kernel puts one
 * granted page into each of its own, so pages next to each other would not be.
 */
export function openPageDevice(device: Device): number {
  const fd = openDevice(device);
  const size = device.libc.pageSize();
  if (size === PAGE_SIZE) return fd;
  device.libc.close(fd);
  throw pageSizeError(device, size);
}

/**
 * Closes a device.
 *
 * @throws {GrantError} if the kernel reports an error. The device is closed anyway.
 */
export function closeDevice(device: Device, fd: number): void {
  const result = device.libc.close(fd);
  if (result < 0) throw commonError(device, "close", `close ${device.path}`, -result);
}

/** Writes the request for an unmap notify. The byte to clear is counted from `index`. */
export function encodeNotify(view: DataView, index: number, { clearByte, eventPort }: UnmapNotify): void {
  encodeUnmapNotify(
    view,
    index + (clearByte ?? 0),
    (clearByte === undefined ? 0 : UNMAP_NOTIFY_CLEAR_BYTE) | (eventPort === undefined ? 0 : UNMAP_NOTIFY_SEND_EVENT),
    eventPort ?? 0,
  );
}
