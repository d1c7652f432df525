/**
 * Grant copies through `/dev/xen/gntdev`.
 *
 * @module
 */

import { ArgumentRangeError } from "../../src/contract/argument_error.ts";
import type { CopySegment } from "../../src/contract/backend.ts";
import {
  COPY_SEGMENT_SIZE,
  type CopySide,
  decodeCopyStatus,
  encodeCopySegment,
  encodeGrantCopy,
  GRANT_COPY_SIZE,
  IOCTL_GNTDEV_GRANT_COPY,
} from "./abi/copy.ts";
import type { Scratch } from "./device.ts";
import type { Device } from "./errors.ts";
import { copyError } from "./grant_errors.ts";
import type { Libc } from "./libc.ts";

/**
 * Copies between granted pages and memory of this process, in one request. The kernel takes any number of segments and
 * copies them 16 at a time.
 *
 * @returns The status of each segment.
 * @throws {GrantError} if the kernel refuses the request, or there is no memory for it.
 */
export function copyGrants(
  device: Device,
  fd: number,
  scratch: Scratch,
  segments: readonly CopySegment[],
): readonly number[] {
  const { libc } = device;
  const { bytes, view } = scratch.request(GRANT_COPY_SIZE + COPY_SEGMENT_SIZE * segments.length);
  encodeGrantCopy(view, segments.length, libc.address(bytes.buffer) + BigInt(GRANT_COPY_SIZE));
  let offset = GRANT_COPY_SIZE;
  for (const { from, to, length } of segments) {
    encodeCopySegment(view, offset, side(libc, from, length), side(libc, to, length), length);
    offset += COPY_SEGMENT_SIZE;
  }
  // The request has addresses only: `segments` keeps the memory alive during the call.
  const result = libc.ioctl(fd, IOCTL_GNTDEV_GRANT_COPY, bytes);
  if (result < 0) throw copyError(device, segments.length, -result);
  return segments.map((_, i) => decodeCopyStatus(view, GRANT_COPY_SIZE + COPY_SEGMENT_SIZE * i));
}

function side(libc: Libc, place: CopySegment["from"], length: number): CopySide {
  if (!(place instanceof Uint8Array)) return place;
  // The kernel would write beyond the end.
  if (place.length < length) {
    throw new ArgumentRangeError(
      `Cannot copy as the memory must have ${length} bytes: current length is ${place.length}`,
    );
  }
  return libc.address(place.buffer) + BigInt(place.byteOffset);
}
