/** The types of the contract alone, which the module of each backend exports with its own. */
export type { DomainPart, XenDomain } from "./domain.ts";
export type { EventBackend, EventFile } from "./event_backend.ts";
export type { GrantBackend, GrantFile } from "./grant_backend.ts";
export type { CopySegment, GrantPlace, MapBackend, MapFile } from "./map_backend.ts";
export type { MappedMemory, PeerMemory, UnmapNotify } from "./memory.ts";
export type { StoreBackend, StoreConnection } from "./store_backend.ts";
