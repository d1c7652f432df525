import { checkBackend, checkFile, checkFlag } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { GrantError, type GrantOperation } from "../contract/errors.ts";
import { PAGE_SIZE } from "../contract/limits.ts";
import type { MapBackend, MapFile } from "../contract/map_backend.ts";
import type { PeerMemory, UnmapNotify } from "../contract/memory.ts";
import { checkNotify } from "../contract/notify.ts";
import { readOptions } from "../contract/options.ts";
import { CallGuard } from "../shared/call_guard.ts";
import { showAs } from "../shared/inspection.ts";
import { checkCopy, type CopyStatus, type GrantCopy } from "./copy.ts";
import { type CheckedReferences, checkGrants, checkReferences, type GrantReference } from "./grant_references.ts";
import {
  checkClearable,
  type PeerMapping,
  type PeerMappingOwner,
  PeerPageMapping,
  type WritablePeerMapping,
} from "./peer_mapping.ts";
import { checkedPeerBytes } from "./peer_memory.ts";

/** How to map pages that other domains have granted. */
export interface MapGrantsOptions {
  /** Whether this domain writes to the pages, which must then be granted for writing. Default is false. */
  writable?: boolean | undefined;
  /** What happens when the mapping ends: see {@linkcode PeerMapping.setUnmapNotify}. Default is nothing. */
  unmapNotify?: UnmapNotify | undefined;
}

/** What a mapper holds. */
export interface MapperReport {
  /** The mappings that have not ended. */
  readonly mappings: number;
  /** The pages of these mappings. A page that is mapped twice counts twice. */
  readonly pages: number;
}

/**
 * The peer's side: maps pages that other domains have granted to this one, and copies from and to such pages.
 *
 * @example Read and write what a domain shares
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1));
 * using share = device.open().share(0, { writable: true });
 *
 * using mapper = new GrantMapper(xen.domain(0));
 * using theirs = mapper.map(1, share.grefs, { writable: true });
 * theirs.bytes[0] = 42;
 * assert.equal(share.bytes[0], 42);
 * ```
 */
export class GrantMapper implements Disposable {
  readonly #backend: MapBackend;
  readonly #guard: CallGuard;
  #file: MapFile | undefined;
  /** Ends mappings and sets their notifies. A separate object, because users can reach the mapper itself. */
  readonly #owner: PeerMappingOwner = {
    checkIdle: () => this.#guard.checkIdle("unmap"),
    unmap: (memory, _page, count) => this.#unmap(memory, count),
    setUnmapNotify: (memory, notify) => this.#guard.make("notify", () => memory.setUnmapNotify(notify)),
  };
  #mappings = 0;
  #pages = 0;
  #closed = false;

  /**
   * Creates a mapper. The device is opened on first use.
   *
   * @param domain The domain that maps: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @throws {TypeError} if the domain has no `maps`.
   */
  constructor(domain: Pick<XenDomain, "maps">) {
    this.#backend = checkBackend("create a mapper", domain, "maps", ["open"]);
    this.#guard = new CallGuard(this.#backend.name);
  }

  /** Whether the mapper was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Maps pages of one domain next to each other, in the given order: all of them, or none. The mapping stays valid
   * until it is unmapped, even if the other domain frees the pages or dies.
   *
   * @param domid The domain that granted them, 0 to 32751 (0x7FEF).
   * @param grefs Their grant references. How many one mapping may have is up to the system: on Linux 65,536, unless
   * `/sys/module/xen_gntdev/parameters/limit` says otherwise.
   * @param options Whether this domain writes to them, and an unmap notify. Default is read-only, without a notify.
   * @throws {RangeError} if a number is out of bounds.
   * @throws {GrantError} `map-refused` if Xen refuses: a reference is unknown, not for this domain, or not writable; or
   * if there are too many references for one mapping. Check that `domid` is the domain that granted the pages, that it
   * granted them to this domain, and that it has not freed them meanwhile. `notify-refused` if the notify is refused.
   */
  map(
    domid: number,
    grefs: readonly number[] | Uint32Array,
    options: MapGrantsOptions & { writable: true },
  ): WritablePeerMapping;
  /** Maps pages of one domain, read-only unless `writable` is true. */
  map(domid: number, grefs: readonly number[] | Uint32Array, options?: MapGrantsOptions): PeerMapping;
  map(domid: number, grefs: readonly number[] | Uint32Array, options?: MapGrantsOptions): PeerMapping {
    return this.#map(checkReferences(domid, grefs), options);
  }

  /**
   * Maps pages of several domains next to each other, in the given order: all of them, or none.
   *
   * @param grants The pages, as many as {@linkcode GrantMapper.map} takes: for each the domain that granted it, and its
   * grant reference.
   * @param options Whether this domain writes to them, and an unmap notify. Default is read-only, without a notify.
   * @throws {RangeError} if a number is out of bounds.
   * @throws {GrantError} `map-refused` if Xen refuses one of them; `notify-refused` if the notify is refused.
   *
   * @example Read pages of two domains
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const grants = [1, 2].map((domid) => {
   *   const share = new GrantDevice(xen.domain(domid)).open().share(0);
   *   share.bytes[0] = domid;
   *   return { domid, gref: share.grefs[0]! };
   * });
   *
   * using mapper = new GrantMapper(xen.domain(0));
   * using theirs = mapper.mapGrants(grants);
   * assert.deepEqual([theirs.read(0, 1)[0], theirs.read(4096, 1)[0]], [1, 2]);
   * ```
   */
  mapGrants(
    grants: readonly GrantReference[],
    options: MapGrantsOptions & { writable: true },
  ): WritablePeerMapping;
  /** Maps pages of several domains, read-only unless `writable` is true. */
  mapGrants(grants: readonly GrantReference[], options?: MapGrantsOptions): PeerMapping;
  mapGrants(grants: readonly GrantReference[], options?: MapGrantsOptions): PeerMapping {
    return this.#map(checkGrants(grants), options);
  }

  #map(references: CheckedReferences, options: MapGrantsOptions | undefined): PeerMapping {
    const { writable = false, unmapNotify } = readOptions("map", options, ["writable", "unmapNotify"]);
    checkFlag("map", "`writable`", writable);
    if (unmapNotify === undefined) return this.#make(references, writable);

    const notify = checkNotify(unmapNotify, references.grefs.length * PAGE_SIZE);
    checkClearable(notify, writable);
    const mapping = this.#make(references, writable);
    try {
      mapping.setUnmapNotify(notify);
      return mapping;
    } catch (error) {
      try {
        mapping.unmap();
      } catch {
        // The first error is the one that counts.
      }
      throw error;
    }
  }

  #make(references: CheckedReferences, writable: boolean): PeerPageMapping {
    this.#checkOpen("map");
    const guard = this.#guard;
    guard.begin("map");
    try {
      const { domid, grefs } = references;
      const count = grefs.length;
      // Copies: a backend may keep or change what it is given.
      const domids = typeof domid === "number" ? domid : domid.slice();
      const memory = this.#open().map(domids, grefs.slice(), writable);
      const bytes = checkedPeerBytes(memory, count);
      this.#mappings++;
      this.#pages += count;
      return new PeerPageMapping(bytes, memory, this.#owner, references, writable);
    } catch (error) {
      throw guard.failed("map", error);
    } finally {
      guard.end();
    }
  }

  /**
   * Copies bytes between granted pages and memory of this process, or between two granted pages, without mapping them.
   * Xen copies segment by segment, in order; a refused segment does not stop the others.
   *
   * Arrays are read when the call begins and written when the whole request is done, so a segment does not see what
   * another segment of the same call writes to an array.
   *
   * @param segments What to copy: 1 to 4096 segments of up to 4096 bytes.
   * @returns The status of each segment. Only a refusal of the whole request is thrown.
   * @throws {RangeError} if a number is out of bounds: a segment must stay within its page and its array.
   * @throws {GrantError} `copy-refused` or another code if the system refuses the whole request. How much was copied is
   * then unknown.
   *
   * @example Read some bytes of a page, and write others
   * ```ts
   * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * using device = new GrantDevice(xen.domain(1));
   * using share = device.open().share(0, { writable: true });
   * share.bytes.set(new TextEncoder().encode("ping"), 100);
   *
   * using mapper = new GrantMapper(xen.domain(0));
   * const theirs = { domid: 1, gref: share.grefs[0]!, offset: 100 };
   * const question = new Uint8Array(4);
   * const answer = new TextEncoder().encode("pong");
   * const statuses = mapper.copy([{ from: theirs, to: question }, { from: answer, to: theirs }]);
   *
   * assert.deepEqual(statuses, ["okay", "okay"]);
   * assert.equal(new TextDecoder().decode(question), "ping");
   * assert.equal(new TextDecoder().decode(share.bytes.subarray(100, 104)), "pong");
   * ```
   */
  copy(segments: readonly GrantCopy[]): readonly CopyStatus[] {
    const { segments: checked, finish } = checkCopy(segments);
    this.#checkOpen("copy");
    return this.#guard.make("copy", () => finish(this.#open().copy(checked)));
  }

  #checkOpen(operation: GrantOperation): void {
    if (!this.#closed) return;
    throw new GrantError(`Cannot ${operation}: the mapper is closed. Create another mapper.`, {
      code: "closed",
      operation,
    });
  }

  #open(): MapFile {
    return this.#file ??= checkFile(this.#backend.open(), "maps", ["map", "copy", "close"]);
  }

  #unmap(memory: Pick<PeerMemory, "unmap">, count: number): void {
    const guard = this.#guard;
    guard.begin("unmap");
    this.#mappings--;
    this.#pages -= count;
    try {
      try {
        memory.unmap();
      } catch (error) {
        try {
          this.#closeIfUnused();
        } catch {
          // The first error is the one that counts.
        }
        throw error;
      }
      this.#closeIfUnused();
    } catch (error) {
      throw guard.failed("unmap", error);
    } finally {
      guard.end();
    }
  }

  #closeIfUnused(): void {
    if (!this.#closed || this.#mappings > 0) return;
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }

  /** Counts what the mapper holds. Also works after the mapper was closed. */
  inspect(): MapperReport {
    return { mappings: this.#mappings, pages: this.#pages };
  }

  /**
   * Closes the mapper, which then can no longer map or copy. Its mappings stay valid until they are unmapped. Does
   * nothing if the mapper is closed.
   *
   * @throws {GrantError} if the system refuses. The mapper is closed anyway.
   */
  close(): void {
    if (this.#closed) return;
    this.#guard.make("close", () => {
      this.#closed = true;
      this.#closeIfUnused();
    });
  }

  /** Closes the mapper, like {@linkcode GrantMapper.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  static {
    showAs(GrantMapper, "GrantMapper", (mapper) => ({
      backend: mapper.#backend.name,
      mappings: mapper.#mappings,
      pages: mapper.#pages,
      ...(mapper.#closed ? { closed: true } : {}),
    }));
  }
}
