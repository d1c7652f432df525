import { GrantError } from "../contract/errors.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { PeerMemory, UnmapNotify } from "../contract/memory.ts";
import { checkNotify } from "../contract/notify.ts";
import { shorten, showAs } from "../shared/inspection.ts";
import { type Mapping, type MappingOwner, PageMapping, type WritableMapping } from "../shared/mapping.ts";
import type { MemoryBytes } from "../shared/memory.ts";
import type { CheckedReferences } from "./grant_references.ts";

/** Pages of other domains, mapped into this process by a mapper. */
export interface PeerMapping extends Mapping {
  /** The domain that granted the pages; `undefined` if several did. */
  readonly domid: number | undefined;
  /** The grant references of the pages, in order. */
  readonly grefs: readonly number[];
  /**
   * Sets what happens, once, when this mapping ends because it is unmapped or because this process dies. Replaces what
   * was set before.
   *
   * @param notify Which byte to clear, counted from the start of the mapping, and the local port on which to send an
   * event after that. Nothing happens if both are absent.
   * @throws {RangeError} if the byte is not inside the mapping, or the port out of bounds.
   * @throws {GrantError} `notify-refused` if the port is not bound, or if there is a byte to clear in a read-only
   * mapping; `closed` if the mapping has ended. The previous notify stays.
   *
   * @example Tell the granter that its peer is gone
   * ```ts
   * import { EventChannels, GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const [granter, peer] = [xen.domain(1), xen.domain(0)];
   * using device = new GrantDevice(granter);
   * using share = device.open().share(0, { writable: true });
   * using events = new EventChannels(granter);
   * using channel = events.bindUnbound(0);
   *
   * // The peer.
   * using peerEvents = new EventChannels(peer);
   * using peerChannel = peerEvents.bindInterdomain(1, channel.port);
   * using mapper = new GrantMapper(peer);
   * const theirs = mapper.map(1, share.grefs, { writable: true });
   * theirs.bytes[0] = 1; // "I am here"
   * theirs.setUnmapNotify({ clearByte: 0, eventPort: peerChannel.port });
   * theirs.unmap();
   *
   * await channel.wait();
   * assert.equal(share.bytes[0], 0);
   * ```
   */
  setUnmapNotify(notify: UnmapNotify): void;
}

/** Pages of other domains, mapped into this process for reading and writing. */
export interface WritablePeerMapping extends WritableMapping, PeerMapping {}

/** Ends mappings of other domains' pages, and sets their notifies. */
export interface PeerMappingOwner extends MappingOwner {
  /** Sets the notify of a mapping. The notify has been checked. */
  setUnmapNotify(memory: PeerMemory, notify: UnmapNotify): void;
}

/**
 * Pages of other domains, mapped into this process, read-only or not. It holds a mapping instead of extending its
 * class, because engines compile constructors of derived classes to slow code.
 */
export class PeerPageMapping implements WritablePeerMapping {
  readonly #mapping: PageMapping;
  readonly #memory: PeerMemory;
  readonly #owner: PeerMappingOwner;
  readonly #references: CheckedReferences;

  constructor(
    bytes: MemoryBytes,
    memory: PeerMemory,
    owner: PeerMappingOwner,
    references: CheckedReferences,
    writable: boolean,
  ) {
    this.#mapping = new PageMapping(bytes, memory, owner, 0, references.grefs.length, writable);
    this.#memory = memory;
    this.#owner = owner;
    this.#references = references;
  }

  get domid(): number | undefined {
    const { domid } = this.#references;
    return typeof domid === "number" ? domid : undefined;
  }

  get grefs(): readonly number[] {
    return this.#references.grefs;
  }

  get count(): number {
    return this.#mapping.count;
  }

  get writable(): boolean {
    return this.#mapping.writable;
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

  setUnmapNotify(notify: UnmapNotify): void {
    const checked = checkNotify(notify, this.count * PAGE_SIZE);
    if (this.unmapped) {
      throw new GrantError("Cannot set the unmap notify: the mapping has ended. Map the pages again.", {
        code: "closed",
        operation: "notify",
      });
    }
    checkClearable(checked, this.writable);
    this.#owner.setUnmapNotify(this.#memory, checked);
  }

  unmap(): void {
    this.#mapping.unmap();
  }

  [Symbol.dispose](): void {
    this.#mapping.unmap();
  }

  static {
    showAs(PeerPageMapping, "PeerMapping", (mapping) => ({
      domid: mapping.#references.domid,
      grefs: shorten(mapping.grefs),
      writable: mapping.writable,
      unmapped: mapping.unmapped,
    }));
  }
}

/** Throws if an unmap notify is to clear a byte of a read-only mapping. */
export function checkClearable({ clearByte }: UnmapNotify, writable: boolean): void {
  if (clearByte === undefined || writable) return;
  throw new GrantError(
    `Cannot set the unmap notify: byte ${clearByte} of a read-only mapping cannot be cleared. Map the pages with ` +
      "`writable: true`, or only send an event.",
    { code: "notify-refused", operation: "notify" },
  );
}
