import type { MapBackend, MapFile, MappedMemory } from "../backends/backend.ts";
import { checkBackend, checkDomid, checkFlag, checkGref, checkInteger, checkOptions, show } from "./checks.ts";
import { checkedBytes } from "./memory.ts";
import { asGrantError, GrantError } from "./errors.ts";
import { copyShown } from "./grefs.ts";
import { type Mapping, type MappingOwner, ReadOnlyMapping, ReadWriteMapping, type WritableMapping } from "./mapping.ts";

/** How to map what another domain granted. */
export interface MapGrantsOptions {
  /** Whether this domain writes to the pages. Default is false. */
  writable?: boolean;
}

/** The most pages of one mapping: what Linux's driver allows by default. */
const MAX_GREFS = 65_536;

/**
 * The peer's side: maps pages that other domains granted to this one.
 *
 * @example Read what a domain shares
 * ```ts
 * import { GrantDevice, GrantMapper } from "@gntalloc/gntalloc";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using device = new GrantDevice(xen.domain(1).grantBackend());
 * using pages = device.open().allocate(0, { writable: true });
 *
 * using mapper = new GrantMapper(xen.domain(0).mapBackend());
 * using theirs = mapper.map(1, pages.grefs, { writable: true });
 * theirs.bytes[0] = 42;
 *
 * using ours = pages.map();
 * assert.equal(ours.bytes[0], 42);
 * ```
 */
export class GrantMapper implements Disposable {
  readonly #backend: MapBackend;
  #file: MapFile | undefined;
  /** Ends mappings: not the mapper itself, which is in the hands of its user. */
  readonly #owner: MappingOwner = {
    checkIdle: () => this.#checkIdle("unmap"),
    unmap: (memory) => this.#unmap(memory),
  };
  #mappings = 0;
  #closed = false;
  #busy = false;

  /**
   * Makes a mapper. The backend is opened with the first mapping.
   *
   * @param backend What it runs on.
   * @throws {TypeError} if the backend is none.
   */
  constructor(backend: MapBackend) {
    checkBackend("make a mapper", backend, ["open"], "denoMapBackend() or MockXen's domain().mapBackend()");
    this.#backend = backend;
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
  map(domid: number, grefs: readonly number[], options: MapGrantsOptions & { writable: true }): WritableMapping;
  /** Maps pages, to which this domain may not write unless it says so. */
  map(domid: number, grefs: readonly number[], options?: MapGrantsOptions): Mapping;
  map(domid: number, grefs: readonly number[], options: MapGrantsOptions = {}): Mapping {
    checkDomid("map", domid);
    if (!Array.isArray(grefs)) {
      throw new TypeError(
        `Cannot map as \`grefs\` must be an array of grant references: current value is ${show(grefs)}`,
      );
    }
    checkInteger("map", "the length of `grefs`", grefs.length, 1, MAX_GREFS);
    const references = copyShown(grefs) ?? copyChecked(grefs);
    checkOptions("map", options);
    const { writable = false } = options;
    checkFlag("map", "`writable`", writable);
    if (this.#closed) throw this.#error("closed", "map", "as the mapper is closed: make another one");

    return this.#map(domid, references, writable);
  }

  #error(code: "closed" | "busy", operation: "map" | "unmap" | "close", reason: string): GrantError {
    return new GrantError(`Cannot ${operation} ${reason}`, { code, operation });
  }

  #checkIdle(operation: "map" | "unmap" | "close"): void {
    if (this.#busy) {
      throw this.#error("busy", operation, `as the backend ${this.#backend.name} is in the middle of a call`);
    }
  }

  #enter(operation: "map" | "unmap" | "close"): void {
    this.#checkIdle(operation);
    this.#busy = true;
  }

  #map(domid: number, grefs: readonly number[], writable: boolean): Mapping {
    this.#enter("map");
    try {
      this.#file ??= this.#backend.open();
      const memory = this.#file.map(domid, grefs, writable);
      const count = grefs.length;
      const bytes = checkedBytes(memory, count);
      this.#mappings++;
      return writable
        ? new ReadWriteMapping(bytes, memory, this.#owner, 0, count)
        : new ReadOnlyMapping(bytes, memory, this.#owner, 0, count);
    } catch (error) {
      throw asGrantError(error, "map", this.#backend.name);
    } finally {
      this.#busy = false;
    }
  }

  #unmap(memory: Pick<MappedMemory, "unmap">): void {
    this.#enter("unmap");
    try {
      this.#mappings--;
      try {
        memory.unmap();
      } finally {
        this.#closeIfUnused();
      }
    } catch (error) {
      throw asGrantError(error, "unmap", this.#backend.name);
    } finally {
      this.#busy = false;
    }
  }

  #closeIfUnused(): void {
    if (!this.#closed || this.#mappings > 0) return;
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }

  /**
   * Closes the mapper: it maps nothing more. Its mappings stay valid until they are unmapped. Does nothing if it is closed.
   *
   * @throws {GrantError} if the system refuses. The mapper is closed all the same.
   */
  close(): void {
    if (this.#closed) return;
    this.#enter("close");
    try {
      this.#closed = true;
      this.#closeIfUnused();
    } catch (error) {
      throw asGrantError(error, "close", this.#backend.name);
    } finally {
      this.#busy = false;
    }
  }

  /** Closes the mapper, like {@linkcode GrantMapper.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** References of the caller's, whose array may change, and have an iterator of its own; the copy does not. */
function copyChecked(grefs: readonly number[]): readonly number[] {
  const copy: number[] = [];
  for (let index = 0, { length } = grefs; index < length; index++) {
    const gref = grefs[index];
    checkGref("map", `\`grefs[${index}]\``, gref);
    copy.push(gref!);
  }
  return copy;
}
