import { endedOffsets, grantedCount } from "../../src/contract/answers.ts";
import type { GrantBackend, GrantFile, MappedMemory } from "../../src/contract/backend.ts";
import { type ReplayContext, UNNAMED } from "./replay_context.ts";
import { type TraceAnswer, TraceError } from "./trace.ts";
import type { EndAccessCall, GrantCall, GrantsMapCall, NotifyCall } from "./trace_calls.ts";

/** An open file of the granter, in a replay. */
export class ReplayedGrants {
  readonly part = "grants";
  readonly backend: GrantBackend;
  readonly domain: number;
  readonly bound = 0;
  readonly #file: GrantFile;
  readonly #context: ReplayContext;
  /** Its pages, by their index: the reference in the trace, and the one here. */
  readonly #pages = new Map<number, readonly [recorded: number, replayed: number]>();

  constructor(context: ReplayContext, domain: number, backend: GrantBackend) {
    this.#context = context;
    this.domain = domain;
    this.backend = backend;
    this.#file = backend.open();
  }

  /** The number of granted pages. */
  get granted(): number {
    return this.#pages.size;
  }

  /** The reference here of a page that a line names by its index and its recorded reference. */
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
    const answer = this.#context.answer(this.backend, () => {
      grefs = new Uint32Array(count);
      this.#file.grant(page, count, this.#context.domid(domid), writable, grefs);
    });
    const granted = grantedCount(grefs, count);
    for (let offset = 0; offset < granted; offset++) {
      const replayed = grefs[offset]!;
      const recorded = recordedGrefs[offset];
      if (recorded !== undefined) this.#context.grefs.granted(recorded, replayed);
      this.#pages.set(page + offset, [recorded ?? UNNAMED, replayed]);
    }
    return { granted, ...answer };
  }

  endAccess({ line, page, count, grefs: recorded }: EndAccessCall): TraceAnswer {
    const grefs = Uint32Array.from(recorded, (gref, offset) => this.#gref(line, page + offset, gref));
    return this.#context.answer(this.backend, () => {
      const held: unknown = this.#file.endAccess(page, count, grefs) ?? null;
      for (const offset of endedOffsets(held, count)) this.#pages.delete(page + offset);
      return { held };
    });
  }

  map({ line, page, count, gref: recorded, writable }: GrantsMapCall): () => MappedMemory {
    const gref = this.#gref(line, page, recorded);
    return () => this.#file.map(page, count, gref, writable);
  }

  notify(call: NotifyCall): TraceAnswer {
    const gref = this.#gref(call.line, call.page, call.gref);
    return this.#context.answer(
      this.backend,
      () => this.#file.setUnmapNotify(call.page, gref, this.#context.notify(this.domain, call)),
    );
  }

  close(): void {
    this.#file.close();
  }

  /**
   * Ends access to every page.
   *
   * @param attempt Called for each page with a function that ends access to it, and returns whether the peer holds it.
   */
  endAll(attempt: (page: number, end: () => boolean) => void): void {
    for (const [page, [, gref]] of this.#pages) {
      attempt(page, () => this.#file.endAccess(page, 1, Uint32Array.of(gref)).length > 0);
    }
  }
}
