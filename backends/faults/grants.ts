import type { GrantBackend, GrantFile, MappedMemory, UnmapNotify } from "../../src/contract/backend.ts";
import { checkHeld, endStretches } from "./end_access.ts";
import { FileBelow } from "./inner_file.ts";
import type { Injector } from "./injector.ts";

const side = "grants";
const NO_GREFS: readonly number[] = [];

/** The offsets of pages to which access has ended: none, where the backend says nonsense. */
function endedOffsets(held: unknown, count: number): number[] {
  try {
    const offsets = new Set(checkHeld(held, count));
    return Array.from({ length: count }, (_, offset) => offset).filter((offset) => !offsets.has(offset));
  } catch {
    return [];
  }
}

/** The references of the pages that were granted. By index, as the backend may have moved the buffer away. */
function grantedGrefs(grefs: Uint32Array, count: number): number[] {
  const granted: number[] = [];
  while (granted.length < count && grefs[granted.length]) granted.push(grefs[granted.length]!);
  return granted;
}

/** A granter's backend with faults. */
export class FaultyGrantBackend implements GrantBackend {
  readonly name: string;
  readonly limitName: string;
  readonly #backend: GrantBackend;
  readonly #injector: Injector;

  constructor(backend: GrantBackend, injector: Injector) {
    this.name = backend.name;
    this.limitName = backend.limitName;
    this.#backend = backend;
    this.#injector = injector;
  }

  limit(): number {
    return this.#injector.call({ side, kind: "limit", grefs: NO_GREFS }, { act: () => this.#backend.limit() });
  }

  open(): GrantFile {
    const file = this.#injector.call({ side, kind: "open", grefs: NO_GREFS }, {
      act: () => this.#backend.open(),
      undo: (file) => file.close(),
    });
    return new FaultyGrantFile(file, this.#injector);
  }
}

class FaultyGrantFile implements GrantFile {
  readonly #file: GrantFile;
  readonly #injector: Injector;
  readonly #below: FileBelow;
  /** Pages to which access has ended in the backend below, though the caller was told that it failed. */
  readonly #ended = new Set<number>();
  /** Tells that a page may be asked for again. */
  #tell: (page: number) => void = () => {};
  readonly onRelease?: (tell: (page: number) => void) => void;
  /** What is set for pages, to be set again when a change fails after it was made. */
  readonly #notifies = new Map<number, UnmapNotify>();

  constructor(file: GrantFile, injector: Injector) {
    this.#file = file;
    this.#injector = injector;
    this.#below = new FileBelow(injector, side, file);
    if (typeof file.onRelease === "function") {
      this.onRelease = (tell) => {
        this.#tell = tell;
        file.onRelease!(tell);
      };
    }
  }

  grant(page: number, count: number, domid: number, writable: boolean, grefs: Uint32Array): void {
    let reached = false;
    const call = {
      side,
      kind: "grant",
      page,
      count,
      domid,
      get grefs() {
        return reached ? grantedGrefs(grefs, count) : [];
      },
    } as const;
    // The references that are filled in say what was granted before a failure: nothing else is to be undone.
    this.#injector.call(call, {
      act: (pages = count) => {
        reached = true;
        this.#file.grant(page, Math.min(pages, count), domid, writable, grefs);
      },
    });
  }

  endAccess(page: number, count: number, grefs: Uint32Array): readonly number[] {
    const call = { side, kind: "endAccess", page, count, grefs: Array.from(grefs.subarray(0, count)) } as const;
    return this.#injector.call(call, {
      act: (pages = count) => this.#end(page, count, grefs, pages),
      tells: (pages) => pages < count,
      undo: (held) => {
        for (const offset of endedOffsets(held, count)) this.#ended.add(page + offset);
      },
    });
  }

  /** Ends access to the first `pages` of a run but for those that are held: the others. */
  #end(page: number, count: number, grefs: Uint32Array, pages: number): readonly number[] {
    const kept = new Set<number>();
    let seemsHeld = false;
    let whole = true;
    for (let offset = 0; offset < count; offset++) {
      const held = [...this.#injector.holds].filter((hold) => hold.holds(this, page + offset, grefs[offset]!));
      if (held.length > 0) seemsHeld = true;
      if (held.length > 0 || offset >= pages) kept.add(offset);
      if (kept.has(offset) || this.#ended.has(page + offset)) whole = false;
    }
    if (seemsHeld) this.#injector.count("endAccess", side).injected++;
    if (whole) {
      // Untouched, even if it is nonsense: that is the caller's to refuse.
      const held = this.#file.endAccess(page, count, grefs);
      for (const offset of endedOffsets(held, count)) this.#notifies.delete(page + offset);
      return held;
    }
    const { held, failure } = endStretches(
      this.#file,
      page,
      count,
      grefs,
      (offset) => !kept.has(offset) && !this.#ended.has(page + offset),
    );
    for (const offset of kept) held.add(offset);
    // Nobody below will tell of what a rule has kept: so all of it may be asked for again at once.
    for (const offset of held) this.#tell(page + offset);
    // To throw would say that access to no page has ended.
    if (failure && held.size === count) throw failure.error;
    for (let offset = 0; offset < count; offset++) {
      if (held.has(offset)) continue;
      this.#ended.delete(page + offset);
      this.#notifies.delete(page + offset);
    }
    return [...held].sort((one, other) => one - other);
  }

  map(page: number, count: number, gref: number, writable: boolean): MappedMemory {
    return this.#below.map({ page, count, grefs: [gref] }, () => this.#file.map(page, count, gref, writable));
  }

  setUnmapNotify(page: number, gref: number, notify: UnmapNotify): void {
    this.#injector.call({ side, kind: "notify", page, count: 1, grefs: [gref] }, {
      act: () => this.#file.setUnmapNotify(page, gref, notify),
      undo: () => this.#file.setUnmapNotify(page, gref, this.#notifies.get(page) ?? {}),
    });
    this.#notifies.set(page, notify);
  }

  close(): void {
    this.#below.close();
  }
}
