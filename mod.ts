/**
 * Shares pages of memory between Xen domains, on Linux's Xen devices or on a simulated Xen.
 *
 * A {@linkcode GrantDevice} shares pages of a domain. Another domain maps them by their grant references with a
 * {@linkcode GrantMapper}. With {@linkcode EventChannels}, each side tells the other that something has changed.
 * `XenStore` of `@gntalloc/gntalloc/xenstore` is how they find each other.
 *
 * All of them take the {@linkcode XenDomain} that the program runs in: `denoDomain()` of `@gntalloc/gntalloc/deno`,
 * `nodeDomain()` of `@gntalloc/gntalloc/node`, or a domain of a simulated Xen from `@gntalloc/gntalloc/mock`.
 * `@gntalloc/gntalloc/record` records the calls to a domain's devices, and `@gntalloc/gntalloc/faults` makes them fail.
 *
 * @example Share a page on a simulated Xen, and read it from the other side
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using share = device.open().share(0);
 * share.bytes.set([1, 2, 3]);
 *
 * using mapper = new GrantMapper(xen.domain(0));
 * using theirs = mapper.map(1, share.grefs);
 * assert.deepEqual([...theirs.read(0, 3)], [1, 2, 3]);
 * ```
 *
 * @module
 */
export {
  type CopySegment,
  type EventBackend,
  type EventFile,
  type GrantBackend,
  GrantError,
  type GrantErrorCode,
  type GrantErrorOptions,
  type GrantFile,
  type GrantOperation,
  type GrantPlace,
  type MapBackend,
  type MapFile,
  type MappedMemory,
  PAGE_SIZE,
  type PeerMemory,
  type StoreBackend,
  type StoreConnection,
  type UnmapNotify,
  type XenDomain,
} from "./src/contract/backend.ts";
export { isArgumentError } from "./src/contract/argument_error.ts";
export { type EventChannel, type EventsOptions, type WaitOptions } from "./src/events/event_channel.ts";
export { EventChannels, type EventChannelsReport } from "./src/events/event_channels.ts";
export { type GrantAllocator } from "./src/grants/allocator.ts";
export { GrantDevice, type GrantDeviceOptions } from "./src/grants/device.ts";
export { type PageRange } from "./src/grants/range.ts";
export {
  type AllocationFacts,
  type AllocationReport,
  type AllocatorReport,
  type DeviceReport,
} from "./src/grants/reports.ts";
export { type Share, type ShareOptions } from "./src/grants/share.ts";
export { type AllocateOptions, type MapOptions, type SharedPages } from "./src/grants/shared_pages.ts";
export { type CopyPlace, type CopyStatus, type GrantCopy } from "./src/maps/copy.ts";
export { type GrantReference } from "./src/maps/grant_references.ts";
export { GrantMapper, type MapGrantsOptions, type MapperReport } from "./src/maps/mapper.ts";
export { type PeerMapping, type WritablePeerMapping } from "./src/maps/peer_mapping.ts";
export { type Mapping, type WritableMapping } from "./src/shared/mapping.ts";
