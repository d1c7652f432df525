/**
 * A portable grant allocator: shares pages of memory between Xen domains, on the device `/dev/xen/gntalloc` or on a
 * simulated machine.
 *
 * A {@linkcode GrantDevice} on a backend opens allocators; an allocator allocates {@linkcode SharedPages} for a domain; their
 * `grefs` are handed to that domain, where a {@linkcode GrantMapper} maps them. {@linkcode EventChannels} tell each side that there
 * is something new.
 *
 * Backends: `@gntalloc/gntalloc/deno` and `@gntalloc/gntalloc/node` for the devices of a Linux domain, `@gntalloc/gntalloc/mock` for
 * a simulated Xen. Around any of them, `@gntalloc/gntalloc/record` records what happens, and `@gntalloc/gntalloc/faults` makes it fail.
 *
 * @example Share a page on a simulated machine, and read it from the other side
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using pages = device.open().allocate(0);
 * using ours = pages.map();
 * ours.bytes.set([1, 2, 3]);
 *
 * using mapper = new GrantMapper(xen.domain(0));
 * using theirs = mapper.map(1, pages.grefs);
 * assert.deepEqual([...theirs.read(0, 3)], [1, 2, 3]);
 * ```
 *
 * @module
 */
export { type AllocateOptions, type AllocatorReport, type GrantAllocator } from "./src/grants/allocator.ts";
export { type DeviceReport, GrantDevice, type GrantDeviceOptions } from "./src/grants/device.ts";
export { GrantError, type GrantErrorCode, type GrantErrorOptions, type GrantOperation } from "./src/contract/errors.ts";
export { type CopyPlace, type CopyStatus, type GrantCopy } from "./src/maps/copy.ts";
export { type EventChannel, type WaitOptions } from "./src/events/event_channel.ts";
export { EventChannels } from "./src/events/event_channels.ts";
export { type GrantReference } from "./src/maps/grant_references.ts";
export { GrantMapper, type MapGrantsOptions } from "./src/maps/mapper.ts";
export { type PeerMapping, type WritablePeerMapping } from "./src/maps/peer_mapping.ts";
export { type Mapping, type WritableMapping } from "./src/shared/mapping.ts";
export { type PageRange } from "./src/grants/range.ts";
export { type MapOptions, type SharedPages } from "./src/grants/shared_pages.ts";
export {
  type CopySegment,
  type EventBackend,
  type EventFile,
  type GrantBackend,
  type GrantFile,
  type GrantPlace,
  type MapBackend,
  type MapFile,
  type MappedMemory,
  PAGE_SIZE,
  type PeerMemory,
  type UnmapNotify,
  type XenDomain,
} from "./src/contract/backend.ts";
