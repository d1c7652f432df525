import type { GrantBackend, GrantFile, MappedMemory } from "../../src/contract/backend.ts";
import { type Scene, UNNAMED } from "./replay_context.ts";
import {
  type EndAccessCall,
  type GrantCall,
  type GrantsMapCall,
  type NotifyCall,
  type TraceAnswer,
  TraceError,
} from "./trace.ts";
import { grantedPages } from "./trace_values.ts";

/** The offsets of the pages to which access has ended, which are none if the backend names nonsense: as the library has it. */
function ended(held: unknown, count: number): number[] {
  if (!Array.isArray(held)) return [];
  const right = held.every((offset, index) =>
    Number.isInteger(offset) && offset > (held[index - 1] ?? -1) && offset < count
  );
  const offsets = new Set(right ? Array(count).keys() : []);
  for (const offset of held) offsets.delete(offset);
  return [...offsets];
}

/** An open file of the granter's, in a replay. */
export class ReplayedGrants {
  readonly side = "grants";
  readonly backend: GrantBackend;
  readonly #file: GrantFile;
  readonly #scene: Scene;
  /** Its pages, by their index: the reference in the trace, and here. */
  readonly #pages = new Map<number, readonly [recorded: number, replayed: number]>();

  constructor(scene: Scene, backend: GrantBackend, file: GrantFile) {
    this.#scene = scene;
    this.backend = backend;
    this.#file = file;
  }

  /** How many pages are granted. */
  get granted(): number {
    return this.#pages.size;
  }

  /** The reference here of the page with an index, that a line names with its reference. */
  #gref(line: number, index: number, gref: number): number {
    const page = this.#pages.get(index);
    if (page?.[0] === gref) return page[1];
    const known = page ? `that page has reference ${page[0]}` : "no such page is granted there";
    throw new TraceError(line, `page ${index} must be granted with reference ${gref} in its file: ${known}`);
  }

  grant({ line, page, count, domid, writable, grefs: recordedGrefs }: GrantCall): TraceAnswer {
    const taken = recordedGrefs.findIndex((_gref, offset) => this.#pages.has(page + offset));
    if (taken >= 0) throw new TraceError(line, `page ${page + taken} must not be granted already in its file`);
    let grefs = new Uint32Array(0);
    const answer = this.#scene.answer(this.backend, () => {
      grefs = new Uint32Array(count);
      this.#file.grant(page, count, this.#scene.domid(domid), writable, grefs);
    });
    const granted = grantedPages(grefs, count);
    for (let offset = 0; offset < granted; offset++) {
      const replayed = grefs[offset]!;
      const recorded = recordedGrefs[offset];
      if (recorded !== undefined) this.#scene.references.granted(recorded, replayed);
      this.#pages.set(page + offset, [recorded ?? UNNAMED, replayed]);
    }
    return { granted, ...answer };
  }

  endAccess({ line, page, count, grefs: recorded }: EndAccessCall): TraceAnswer {
    const grefs = Uint32Array.from(recorded, (gref, offset) => this.#gref(line, page + offset, gref));
    return this.#scene.answer(this.backend, () => {
      const held: unknown = this.#file.endAccess(page, count, grefs) ?? null;
      for (const offset of ended(held, count)) this.#pages.delete(page + offset);
      return { held };
    });
  }

  map({ line, page, count, gref: recorded, writable }: GrantsMapCall): () => MappedMemory {
    const gref = this.#gref(line, page, recorded);
    return () => this.#file.map(page, count, gref, writable);
  }

  notify(call: NotifyCall): TraceAnswer {
    const gref = this.#gref(call.line, call.page, call.gref);
    return this.#scene.answer(
      this.backend,
      () => this.#file.setUnmapNotify(call.page, gref, this.#scene.notify("grants", call)),
    );
  }

  close(): void {
    this.#file.close();
  }

  /** Ends access to every page: calls back for each, with what does it and says whether the peer maps the page. */
  endAll(attempt: (page: number, end: () => boolean) => void): void {
    for (const [page, [, gref]] of this.#pages) {
      attempt(page, () => this.#file.endAccess(page, 1, Uint32Array.of(gref)).length > 0);
    }
  }
}
