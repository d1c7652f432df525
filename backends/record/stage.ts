import type { GrantBackend, GrantFile, MapBackend, MapFile, MappedMemory } from "../backend.ts";
import { grantedPages, tracedBytes, tracedError, tracedLimit } from "./recorder.ts";
import { References } from "./references.ts";
import {
  type EndAccessCall,
  type GrantCall,
  type GrantsMapCall,
  type MapsMapCall,
  type Mark,
  type NotifyCall,
  type TraceAnswer,
  type TraceCall,
  TraceError,
  type TraceSide,
} from "./trace.ts";

/** Where a trace is replayed. */
export interface Backends {
  /** The granter's side. */
  readonly grants?: GrantBackend | undefined;
  /** The peer's side. */
  readonly maps?: MapBackend | undefined;
  /** The granter's domain in the trace, if others are mapped in it too. */
  readonly granter?: number | undefined;
  /** What stands for a domain of the trace. */
  readonly domids: Readonly<Record<number, number>>;
}

/** A page of an open file: its reference in the trace, and here. */
type Page = readonly [recorded: number, replayed: number];

type OpenFile =
  | { readonly side: "grants"; readonly file: GrantFile; readonly pages: Map<number, Page> }
  | { readonly side: "maps"; readonly file: MapFile };

/** Names what only a backend has that answers otherwise than the recorded one did. */
const UNNAMED = -1;

const NOTHING: TraceAnswer = {};

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

/** What a trace has open while it is replayed: it makes the calls, and closes everything at the end. */
export class Stage {
  readonly #backends: Backends;
  readonly #files = new Map<number, OpenFile>();
  readonly #mappings = new Map<number, { side: TraceSide; file: number; memory: MappedMemory }>();
  readonly #references = new References();

  constructor(backends: Backends) {
    this.#backends = backends;
  }

  /** Makes a call: what the backend answers. */
  call(call: Exclude<TraceCall, Mark>): TraceAnswer {
    switch (call.call) {
      case "open":
        return this.#open(call.line, call.side, call.file ?? UNNAMED);
      case "limit": {
        const backend = this.#backend(call.line, "grants", this.#backends.grants);
        return this.#answer("grants", () => ({ limit: tracedLimit(backend.limit()) }));
      }
      case "grant":
        return this.#grant(call);
      case "endAccess":
        return this.#endAccess(call);
      case "map": {
        if (call.side === "grants") return this.#map(call, this.#granterMaps(call));
        const { file } = this.#file(call.line, call.file, "maps");
        const grefs = this.#peersGrefs(call.domid, call.grefs);
        return this.#map(call, () => file.map(this.#domid(call.domid), grefs, call.writable));
      }
      case "unmap":
        return this.#unmap(call.line, call.side, call.mapping);
      case "notify":
        return this.#notify(call);
      case "close":
        return this.#close(call.line, call.side, call.file);
    }
  }

  #backend<B>(line: number, side: TraceSide, backend: B | undefined): B {
    if (backend) return backend;
    throw new TraceError(
      line,
      `\`side\` must be of a backend that is given: current value is "${side}". Give one as the option \`${side}\``,
    );
  }

  /** Makes a call: what it answers or throws. */
  #answer(side: TraceSide, run: () => TraceAnswer | void): TraceAnswer {
    try {
      return run() ?? NOTHING;
    } catch (error) {
      return { error: tracedError(error, this.#backends[side]!.name) };
    }
  }

  #file<S extends TraceSide>(line: number, number: number, side: S): Extract<OpenFile, { side: S }> {
    const file = this.#files.get(number);
    if (file?.side === side) return file as Extract<OpenFile, { side: S }>;
    throw new TraceError(line, `\`file\` must be one that is open on the side "${side}": current value is ${number}`);
  }

  /** The page with an index, that a line names with its reference. */
  #page(line: number, pages: Map<number, Page>, index: number, gref: number): Page {
    const page = pages.get(index);
    if (page?.[0] === gref) return page;
    const known = page ? `that page has reference ${page[0]}` : "no such page is granted there";
    throw new TraceError(line, `page ${index} must be granted with reference ${gref} in its file: ${known}`);
  }

  #domid(recorded: number): number {
    return this.#backends.domids[recorded] ?? recorded;
  }

  #peersGrefs(domid: number, grefs: readonly number[]): number[] {
    const { granter = domid } = this.#backends;
    return grefs.map((gref) => domid === granter ? this.#references.replayed(gref) : gref);
  }

  #open(line: number, side: TraceSide, number: number): TraceAnswer {
    if (this.#files.has(number)) {
      throw new TraceError(line, `\`file\` must be a number that no open file has: current value is ${number}`);
    }
    if (side === "grants") {
      const backend = this.#backend(line, side, this.#backends.grants);
      return this.#answer(side, () => {
        this.#files.set(number, { side, file: backend.open(), pages: new Map() });
      });
    }
    const backend = this.#backend(line, side, this.#backends.maps);
    return this.#answer(side, () => {
      this.#files.set(number, { side, file: backend.open() });
    });
  }

  #grant(call: GrantCall): TraceAnswer {
    const { line, page, count, writable } = call;
    const { file, pages } = this.#file(line, call.file, "grants");
    const taken = call.grefs.findIndex((_gref, offset) => pages.has(page + offset));
    if (taken >= 0) throw new TraceError(line, `page ${page + taken} must not be granted already in its file`);
    let grefs = new Uint32Array(0);
    const answer = this.#answer("grants", () => {
      grefs = new Uint32Array(count);
      file.grant(page, count, this.#domid(call.domid), writable, grefs);
    });
    const granted = grantedPages(grefs, count);
    for (let offset = 0; offset < granted; offset++) {
      const replayed = grefs[offset]!;
      const recorded = call.grefs[offset];
      if (recorded !== undefined) this.#references.granted(recorded, replayed);
      pages.set(page + offset, [recorded ?? UNNAMED, replayed]);
    }
    return { granted, ...answer };
  }

  #endAccess(call: EndAccessCall): TraceAnswer {
    const { line, page, count } = call;
    const { file, pages } = this.#file(line, call.file, "grants");
    const grefs = Uint32Array.from(call.grefs, (gref, offset) => this.#page(line, pages, page + offset, gref)[1]);
    return this.#answer("grants", () => {
      const held: unknown = file.endAccess(page, count, grefs) ?? null;
      for (const offset of ended(held, count)) pages.delete(page + offset);
      return { held };
    });
  }

  #granterMaps(call: GrantsMapCall): () => MappedMemory {
    const { line, page, count, writable } = call;
    const { file, pages } = this.#file(line, call.file, "grants");
    const [, gref] = this.#page(line, pages, page, call.gref);
    return () => file.map(page, count, gref, writable);
  }

  #map(call: GrantsMapCall | MapsMapCall, run: () => MappedMemory): TraceAnswer {
    const { line, side, file, mapping: number = UNNAMED } = call;
    if (this.#mappings.has(number)) {
      throw new TraceError(line, `\`mapping\` must be a number that no mapping has: current value is ${number}`);
    }
    return this.#answer(side, () => {
      const memory = run();
      if (memory) this.#mappings.set(number, { side, file, memory });
      return { bytes: tracedBytes(memory) };
    });
  }

  #unmap(line: number, side: TraceSide, number: number): TraceAnswer {
    const mapping = this.#mappings.get(number);
    if (mapping?.side !== side) {
      throw new TraceError(line, `\`mapping\` must be one of the side "${side}": current value is ${number}`);
    }
    this.#mappings.delete(number);
    return this.#answer(side, () => mapping.memory.unmap());
  }

  #notify(call: NotifyCall): TraceAnswer {
    const { line, page, clearByte, eventPort } = call;
    const { file, pages } = this.#file(line, call.file, "grants");
    const [, gref] = this.#page(line, pages, page, call.gref);
    return this.#answer("grants", () =>
      file.setUnmapNotify(page, gref, {
        ...(clearByte === undefined ? {} : { clearByte }),
        ...(eventPort === undefined ? {} : { eventPort }),
      }));
  }

  #close(line: number, side: TraceSide, number: number): TraceAnswer {
    const open = this.#file(line, number, side);
    const granted = open.side === "grants" ? open.pages.size : 0;
    const mapped = [...this.#mappings.values()].filter((mapping) => mapping.file === number).length;
    if (granted + mapped > 0) {
      throw new TraceError(
        line,
        `file ${number} must be unused when it is closed: ${granted} of its pages are granted and ${mapped} mappings left`,
      );
    }
    this.#files.delete(number);
    return this.#answer(side, () => open.file.close());
  }

  /** What is mapped, granted and open, for people. */
  open(): string[] {
    const open = [...this.#mappings.keys()].map((number) => `mapping ${number}`);
    for (const [number, file] of this.#files) {
      const granted = file.side === "grants" ? file.pages.size : 0;
      if (granted > 0) open.push(`${granted} ${granted === 1 ? "page" : "pages"} of file ${number}`);
      open.push(`file ${number}`);
    }
    return open;
  }

  /** Unmaps, ends access to and closes what is left: what could not be given back. */
  close(): string[] {
    const left: string[] = [];
    const attempt = (what: string, action: () => void) => {
      try {
        action();
      } catch (error) {
        left.push(`${what}: ${tracedError(error, what).message}`);
      }
    };
    // The peer's mappings would keep the granter's pages, and a page that is mapped here must not go.
    for (const [number, { memory }] of this.#mappings) attempt(`mapping ${number}`, () => memory.unmap());
    this.#mappings.clear();
    for (const [number, open] of this.#files) {
      if (open.side === "grants") {
        for (const [page, [, gref]] of open.pages) {
          attempt(`page ${page} of file ${number}`, () => {
            const held = open.file.endAccess(page, 1, Uint32Array.of(gref));
            if (held.length > 0) left.push(`page ${page} of file ${number}: its peer maps it`);
          });
        }
      }
      attempt(`file ${number}`, () => open.file.close());
    }
    this.#files.clear();
    return left;
  }
}
