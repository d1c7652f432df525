import { PAGE_SIZE, type PeerMemory, type UnmapNotify } from "../contract/backend.ts";
import { checkNotify } from "../contract/checks.ts";
import { GrantError } from "../contract/errors.ts";
import {
  type Mapping,
  type MappingOwner,
  type MemoryParts,
  ReadOnlyMapping,
  ReadWriteMapping,
  type WritableMapping,
} from "../shared/mapping.ts";

/** Pages of other domains, mapped into this process by a mapper. */
export interface PeerMapping extends Mapping {
  /**
   * Sets what happens when this mapping ends, be it that it is unmapped or that this process dies: once. Replaces what was set
   * before.
   *
   * @param notify Which byte of the mapping to clear, counted from its beginning, and the local port on which to send an event
   * after that. With neither, nothing happens.
   * @throws {RangeError} if the byte is not inside the mapping, or the port not a port.
   * @throws {GrantError} `notify-refused` if the port is not bound, or a byte is to be cleared in a read-only mapping; `closed` if
   * the mapping has ended. What was set before stays.
   *
   * @example Tell the granter that its peer is gone
   * ```ts
   * import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using device = new GrantDevice(xen.domain(1));
   * using pages = device.open().allocate(0, { writable: true });
   * using events = new EventChannels(xen.domain(1));
   * using channel = events.bindUnbound(0);
   *
   * // The peer, in domain 0.
   * using peerEvents = new EventChannels(xen.domain(0));
   * using peerChannel = peerEvents.bindInterdomain(1, channel.port);
   * using mapper = new GrantMapper(xen.domain(0));
   * const theirs = mapper.map(1, pages.grefs, { writable: true });
   * theirs.bytes[0] = 1; // "I am here"
   * theirs.setUnmapNotify({ clearByte: 0, eventPort: peerChannel.port });
   * theirs.unmap();
   *
   * await channel.wait();
   * using ours = pages.map();
   * assert.equal(ours.bytes[0], 0);
   * ```
   */
  setUnmapNotify(notify: UnmapNotify): void;
}

/** Pages of other domains, mapped into this process for reading and writing. */
export interface WritablePeerMapping extends WritableMapping, PeerMapping {}

/** Who makes mappings, ends them, and sets their notifies. */
export interface PeerMappingOwner extends MappingOwner {
  /** Sets the notify of a mapping, which has been checked. */
  setUnmapNotify(memory: PeerMemory, notify: UnmapNotify): void;
}

/** Pages of other domains that cannot be written to. */
export class ReadOnlyPeerMapping extends ReadOnlyMapping implements PeerMapping {
  readonly #memory: PeerMemory;
  readonly #owner: PeerMappingOwner;

  constructor(
    bytes: Uint8Array<ArrayBuffer> | MemoryParts,
    memory: PeerMemory,
    owner: PeerMappingOwner,
    count: number,
  ) {
    super(bytes, memory, owner, 0, count);
    this.#memory = memory;
    this.#owner = owner;
  }

  setUnmapNotify(notify: UnmapNotify): void {
    const checked = checkNotify(notify, this.count * PAGE_SIZE);
    checkMapped(this);
    if (checked.clearByte !== undefined) {
      throw new GrantError(
        `Cannot set the unmap notify as byte ${checked.clearByte} cannot be cleared in a read-only mapping: ` +
          `map with \`writable: true\`, or send an event alone`,
        { code: "notify-refused", operation: "notify" },
      );
    }
    this.#owner.setUnmapNotify(this.#memory, checked);
  }
}

/**
 * Pages of other domains that can be written to. Two objects are made faster than one of a derived class, for whose constructors the
 * engines make slow code.
 */
export class ReadWritePeerMapping implements WritablePeerMapping {
  readonly #mapping: ReadWriteMapping;
  readonly #memory: PeerMemory;
  readonly #owner: PeerMappingOwner;

  constructor(
    bytes: Uint8Array<ArrayBuffer> | MemoryParts,
    memory: PeerMemory,
    owner: PeerMappingOwner,
    count: number,
  ) {
    this.#mapping = new ReadWriteMapping(bytes, memory, owner, 0, count);
    this.#memory = memory;
    this.#owner = owner;
  }

  get count(): number {
    return this.#mapping.count;
  }

  get unmapped(): boolean {
    return this.#mapping.unmapped;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#mapping.bytes;
  }

  get parts(): readonly Uint8Array<ArrayBuffer>[] {
    return this.#mapping.parts;
  }

  read(offset?: number, length?: number): Uint8Array<ArrayBuffer> {
    return this.#mapping.read(offset, length);
  }

  readInto(target: Uint8Array, offset?: number): void {
    this.#mapping.readInto(target, offset);
  }

  unmap(): void {
    this.#mapping.unmap();
  }

  [Symbol.dispose](): void {
    this.#mapping.unmap();
  }

  setUnmapNotify(notify: UnmapNotify): void {
    const checked = checkNotify(notify, this.count * PAGE_SIZE);
    checkMapped(this);
    this.#owner.setUnmapNotify(this.#memory, checked);
  }
}

function checkMapped(mapping: PeerMapping): void {
  if (!mapping.unmapped) return;
  throw new GrantError("Cannot set the unmap notify as the mapping has ended: map the pages again", {
    code: "closed",
    operation: "notify",
  });
}
