import type { GrantCopy, GrantMapper, WritablePeerMapping } from "../../mod.ts";
import { SECTOR, type Segment } from "./protocol.ts";

/** The most pages of a frontend that stay mapped. Further ones are copied from and to, without being mapped. */
const MOST_MAPPED = 1056;

/**
 * The pages of a frontend. Those of one that grants them for good stay mapped from their first use on; others are
 * copied from and to, so that nothing of them is left here.
 */
export class PageAccess {
  readonly #mapper: GrantMapper;
  readonly #domid: number;
  readonly #isPersistent: boolean;
  readonly #mapped = new Map<number, WritablePeerMapping>();

  constructor(mapper: GrantMapper, domid: number, isPersistent: boolean) {
    this.#mapper = mapper;
    this.#domid = domid;
    this.#isPersistent = isPersistent;
  }

  /** How many pages are mapped. */
  get mapped(): number {
    return this.#mapped.size;
  }

  /** Copies all of some segments to an array, one behind the other. Returns whether the frontend has granted them. */
  read(segments: readonly Segment[], target: Uint8Array): boolean {
    return this.#visit(segments, (mapping, offset, from, length) => {
      mapping.readInto(target.subarray(from, from + length), offset);
    }, (place, from, length) => ({ from: place, to: target.subarray(from, from + length) }));
  }

  /** Copies an array to segments, likewise. */
  write(segments: readonly Segment[], source: Uint8Array): boolean {
    return this.#visit(segments, (mapping, offset, from, length) => {
      mapping.bytes.set(source.subarray(from, from + length), offset);
    }, (place, from, length) => ({ from: source.subarray(from, from + length), to: place }));
  }

  #visit(
    segments: readonly Segment[],
    use: (mapping: WritablePeerMapping, offset: number, from: number, length: number) => void,
    copyOf: (place: { domid: number; gref: number; offset: number }, from: number, length: number) => GrantCopy,
  ): boolean {
    const copies: GrantCopy[] = [];
    let at = 0;
    for (const { gref, first, last } of segments) {
      const offset = first * SECTOR;
      const length = (last - first + 1) * SECTOR;
      const mapping = this.#map(gref);
      if (mapping === undefined) copies.push(copyOf({ domid: this.#domid, gref, offset }, at, length));
      else use(mapping, offset, at, length);
      at += length;
    }
    return copies.length === 0 || this.#mapper.copy(copies).every((status) => status === "okay");
  }

  #map(gref: number): WritablePeerMapping | undefined {
    if (!this.#isPersistent) return undefined;
    const known = this.#mapped.get(gref);
    if (known || this.#mapped.size >= MOST_MAPPED) return known;
    try {
      const mapping = this.#mapper.map(this.#domid, [gref], { writable: true });
      this.#mapped.set(gref, mapping);
      return mapping;
    } catch {
      // The copy says whether it is granted at all.
      return undefined;
    }
  }

  /** Copies the beginning of a page. Returns nothing if it is not granted. */
  head(gref: number, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    const mapping = this.#map(gref);
    if (mapping) mapping.readInto(bytes);
    else if (this.#mapper.copy([{ from: { domid: this.#domid, gref }, to: bytes }])[0] !== "okay") return undefined;
    return bytes;
  }

  /** Unmaps all pages. */
  release(): void {
    for (const mapping of this.#mapped.values()) {
      try {
        mapping.unmap();
      } catch {
        // It has ended anyway. The others must, too.
      }
    }
    this.#mapped.clear();
  }
}
