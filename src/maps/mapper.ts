import type { MapBackend, MapFile, PeerMemory, XenDomain } from "../contract/backend.ts";
import { Calls } from "../shared/call_guard.ts";
import { checkBackend, checkFile, checkFlag, checkOptions } from "../contract/checks.ts";
import { checkCopy, type CopyStatus, type GrantCopy } from "./copy.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import { checkGrants, checkReferences, type GrantReference } from "./grant_references.ts";
import {
  type PeerMapping,
  type PeerMappingOwner,
  ReadOnlyPeerMapping,
  ReadWritePeerMapping,
  type WritablePeerMapping,
} from "./peer_mapping.ts";
import { checkedPeerBytes } from "./peer_memory.ts";

/** How to map what another domain granted. */
export interface MapGrantsOptions {
  /** Whether this domain writes to the pages. Default is false. */
  writable?: boolean;
}

/**
 * The peer's side: maps pages that other domains granted to this one, and copies from and to such pages.
 *
 * @example Read what a domain shares
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using pages = device.open().allocate(0, { writable: true });
 *
 * using mapper = new GrantMapper(xen.domain(0));
 * using theirs = mapper.map(1, pages.grefs, { writable: true });
 * theirs.bytes[0] = 42;
 *
 * using ours = pages.map();
 * assert.equal(ours.bytes[0], 42);
 * ```
 */
export class GrantMapper implements Disposable {
  readonly #backend: MapBackend;
  readonly #calls: Calls;
  #file: MapFile | undefined;
  /** Ends mappings and sets their notifies: not the mapper itself, which is in the hands of its user. */
  readonly #owner: PeerMappingOwner = {
    checkIdle: () => this.#calls.checkIdle("unmap"),
    unmap: (memory) => this.#unmap(memory),
    setUnmapNotify: (memory, notify) => this.#calls.make("notify", () => memory.setUnmapNotify(notify)),
  };
  #mappings = 0;
  #closed = false;

  /**
   * Makes a mapper. The device is opened with the first mapping or copy.
   *
   * @param domain The domain that maps: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @throws {TypeError} if the domain has no `maps`.
   */
  constructor(domain: Pick<XenDomain, "maps">) {
    this.#backend = checkBackend("make a mapper", domain, "maps", ["open"]);
    this.#calls = new Calls(this.#backend.name);
  }

  /**
   * Maps pages next to each other, in the given order: all of them, or none. The mapping stays valid when the other domain
   * frees the pages, or dies, until it is unmapped.
   *
   * @param domid The domain that granted them, 0 to 32751 (0x7FEF).
   * @param grefs Their grant references, 1 to 65,536 of them.
   * @param options Whether this domain writes to them, which they must be granted for. Default is that it does not.
   * @throws {RangeError} if a number is out of its bounds.
   * @throws {GrantError} `map-refused` if Xen refuses: a reference is unknown, not meant for this domain, or not writable.
   */
  map(domid: number, grefs: readonly number[], options: MapGrantsOptions & { writable: true }): WritablePeerMapping;
  /** Maps pages, to which this domain may not write unless it says so. */
  map(domid: number, grefs: readonly number[], options?: MapGrantsOptions): PeerMapping;
  /**
   * Maps pages of several domains next to each other, in the given order: all of them, or none.
   *
   * @param grants The pages, 1 to 65,536 of them: of each the domain that granted it, and its grant reference.
   * @param options Whether this domain writes to them, which they must be granted for. Default is that it does not.
   * @throws {RangeError} if a number is out of its bounds.
   * @throws {GrantError} `map-refused` if Xen refuses one of them.
   *
   * @example Read pages of two domains
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const grants = [1, 2].map((domid) => {
   *   const pages = new GrantDevice(xen.domain(domid)).open().allocate(0);
   *   using ours = pages.map();
   *   ours.bytes[0] = domid;
   *   return { domid, gref: pages.grefs[0]! };
   * });
   *
   * using mapper = new GrantMapper(xen.domain(0));
   * using theirs = mapper.map(grants);
   * assert.deepEqual([theirs.read(0, 1)[0], theirs.read(4096, 1)[0]], [1, 2]);
   * ```
   */
  map(grants: readonly GrantReference[], options: MapGrantsOptions & { writable: true }): WritablePeerMapping;
  /** Maps pages of several domains, to which this domain may not write unless it says so. */
  map(grants: readonly GrantReference[], options?: MapGrantsOptions): PeerMapping;
  map(
    first: number | readonly GrantReference[],
    second: readonly number[] | MapGrantsOptions = {},
    third: MapGrantsOptions = {},
  ): PeerMapping {
    const several = Array.isArray(first) && !Array.isArray(second);
    const { domid, grefs } = several ? checkGrants(first) : checkReferences(first, second);
    const options = (several ? second : third) as MapGrantsOptions;
    checkOptions("map", options);
    const { writable = false } = options;
    checkFlag("map", "`writable`", writable);
    this.#checkOpen("map");

    return this.#map(domid, grefs, writable);
  }

  /**
   * Copies bytes between granted pages and memory of this process, or from one granted page to another, without mapping them.
   * Xen does it piece by piece, in order; one that it refuses does not keep the others from being copied.
   *
   * Arrays are read when this is called, and written to when all is done: a piece does not see what another one of the same call
   * brings into an array.
   *
   * @param pieces What to copy, 1 to 4096 pieces of up to 4096 bytes.
   * @returns What became of each piece.
   * @throws {RangeError} if a number is out of its bounds: a piece must not reach beyond the end of a page or of an array.
   * @throws {GrantError} `copy-refused` or another code if the system refuses all of them: what was copied until then is not
   * known.
   *
   * @example Read some bytes of a page, and write others
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using device = new GrantDevice(xen.domain(1));
   * using pages = device.open().allocate(0, { writable: true });
   * using ours = pages.map();
   * ours.bytes.set(new TextEncoder().encode("ping"), 100);
   *
   * using mapper = new GrantMapper(xen.domain(0));
   * const theirs = { domid: 1, gref: pages.grefs[0]!, offset: 100 };
   * const question = new Uint8Array(4);
   * const answer = new TextEncoder().encode("pong");
   * const statuses = mapper.copy([{ from: theirs, to: question }, { from: answer, to: theirs }]);
   *
   * assert.deepEqual(statuses, ["okay", "okay"]);
   * assert.equal(new TextDecoder().decode(question), "ping");
   * assert.equal(new TextDecoder().decode(ours.read(100, 4)), "pong");
   * ```
   */
  copy(pieces: readonly GrantCopy[]): readonly CopyStatus[] {
    const { segments, finish } = checkCopy(pieces);
    this.#checkOpen("copy");
    return this.#calls.make("copy", () => finish(this.#open().copy(segments)));
  }

  #checkOpen(operation: GrantOperation): void {
    if (!this.#closed) return;
    throw new GrantError(`Cannot ${operation} as the mapper is closed: make another one`, {
      code: "closed",
      operation,
    });
  }

  #open(): MapFile {
    return this.#file ??= checkFile(this.#backend.open(), "maps", ["map", "copy", "close"]);
  }

  #map(domid: number | readonly number[], grefs: readonly number[], writable: boolean): PeerMapping {
    const calls = this.#calls;
    calls.begin("map");
    try {
      // Before the backend has the array.
      const count = grefs.length;
      const memory = this.#open().map(domid, grefs, writable);
      const bytes = checkedPeerBytes(memory, count);
      this.#mappings++;
      return writable
        ? new ReadWritePeerMapping(bytes, memory, this.#owner, count)
        : new ReadOnlyPeerMapping(bytes, memory, this.#owner, count);
    } catch (error) {
      throw calls.failed("map", error);
    } finally {
      calls.end();
    }
  }

  #unmap(memory: Pick<PeerMemory, "unmap">): void {
    const calls = this.#calls;
    calls.begin("unmap");
    try {
      this.#mappings--;
      try {
        memory.unmap();
      } finally {
        this.#closeIfUnused();
      }
    } catch (error) {
      throw calls.failed("unmap", error);
    } finally {
      calls.end();
    }
  }

  #closeIfUnused(): void {
    if (!this.#closed || this.#mappings > 0) return;
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }

  /**
   * Closes the mapper: it maps and copies nothing more. Its mappings stay valid until they are unmapped. Does nothing if it is
   * closed.
   *
   * @throws {GrantError} if the system refuses. The mapper is closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#calls.make("close", () => {
      this.#closed = true;
      this.#closeIfUnused();
    });
  }

  /** Closes the mapper, like {@linkcode GrantMapper.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
