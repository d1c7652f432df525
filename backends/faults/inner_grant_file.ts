import { checkHeld, endedOffsets, grantedCount } from "../../src/contract/answers.ts";
import type { GrantFile, UnmapNotify } from "../../src/contract/backend.ts";
import type { Call, CallNamed } from "../intercept/calls.ts";
import { InnerFile } from "./inner_file.ts";
import type { Steps } from "./injector.ts";

/** An open file of the inner granter's backend. */
export class InnerGrantFile extends InnerFile {
  /** Pages to which access has ended in the inner backend, although the caller was told that this failed. */
  readonly #ended = new Set<number>();
  /** The unmap notifies that are set, for restoring them when a change fails after it was made. */
  readonly #notifies = new Map<number, UnmapNotify>();
  /** Tells the library that access to a page can now be ended. */
  #tell: (page: number) => void = () => {};

  /** Notes how to tell the library that access to a page can now be ended. */
  onRelease(tell: (page: number) => void): void {
    this.#tell = tell;
  }

  override steps(call: Call, proceed: () => unknown): Steps<unknown> {
    switch (call.name) {
      case "GrantFile.grant":
        return this.#grant(call);
      case "GrantFile.endAccess":
        return this.#endAccess(call);
      case "GrantFile.setUnmapNotify": {
        const { page, gref, notify } = call.args;
        return {
          act: proceed,
          undo: () => call.target.setUnmapNotify(page, gref, this.#notifies.get(page) ?? {}),
          done: () => void this.#notifies.set(page, notify),
        };
      }
      default:
        return super.steps(call, proceed);
    }
  }

  /** There is nothing to undo: the references tell the caller what was granted before a failure. */
  #grant({ target, args: { page, count, domid, writable, grefs } }: CallNamed<"GrantFile.grant">): Steps<unknown> {
    return {
      act: (pages = count) => target.grant(page, Math.min(pages, count), domid, writable, grefs),
      // Read by index, because the backend may have transferred the buffer.
      grefs: () => Array.from({ length: grantedCount(grefs, count) }, (_, index) => grefs[index]!),
    };
  }

  #endAccess({ target, args: { page, count, grefs } }: CallNamed<"GrantFile.endAccess">): Steps<unknown> {
    return {
      act: (pages = count) => this.#end(target, page, count, grefs, pages),
      reports: (pages) => pages < count,
      undo: (held) => {
        for (const offset of endedOffsets(held, count)) this.#ended.add(page + offset);
      },
    };
  }

  /**
   * Ends access to the first `pages` of a run, except to those that a rule holds.
   *
   * @returns The offsets of the pages to which access has not ended.
   */
  #end(file: GrantFile, page: number, count: number, grefs: Uint32Array, pages: number): readonly number[] {
    const kept = this.#keptPages(page, count, grefs, pages);
    const skipped = (offset: number) => kept.has(offset) || this.#ended.has(page + offset);
    let whole = true;
    for (let offset = 0; offset < count; offset++) if (skipped(offset)) whole = false;
    if (whole) {
      // Returned as it is, even if it breaks the contract: the caller is the one to refuse it.
      const held = file.endAccess(page, count, grefs);
      for (const offset of endedOffsets(held, count)) this.#notifies.delete(page + offset);
      return held;
    }
    const { held, failure } = endStretches(file, page, count, grefs, skipped);
    for (const offset of kept) held.add(offset);
    // The inner backend does not report pages that were kept from it, so the library may try all of them again at once.
    for (const offset of held) this.#tell(page + offset);
    // Throwing would mean that access to no page has ended.
    if (failure && held.size === count) throw failure.error;
    for (let offset = 0; offset < count; offset++) {
      if (held.has(offset)) continue;
      this.#ended.delete(page + offset);
      this.#notifies.delete(page + offset);
    }
    return [...held].sort((one, other) => one - other);
  }

  /**
   * The offsets of pages for which the inner backend is not asked: a rule holds them, or the call fails before them.
   */
  #keptPages(page: number, count: number, grefs: Uint32Array, pages: number): Set<number> {
    const kept = new Set<number>();
    let isHeld = false;
    for (let offset = 0; offset < count; offset++) {
      // Each rule counts the pages, so all of them are asked.
      const holds = [...this.injector.holds].filter((hold) => hold.holds(this, page + offset, grefs[offset]!));
      if (holds.length > 0) isHeld = true;
      if (holds.length > 0 || offset >= pages) kept.add(offset);
    }
    if (isHeld) this.injector.count("endAccess", "grants").injected++;
    return kept;
  }
}

/**
 * Ends access to the pages of a run that are not skipped, one stretch after the other.
 *
 * @returns The offsets of those to which access has not ended, because the peer holds them or because ending it failed;
 * and the first failure.
 */
function endStretches(
  file: GrantFile,
  page: number,
  count: number,
  grefs: Uint32Array,
  skipped: (offset: number) => boolean,
): { held: Set<number>; failure: { error: unknown } | undefined } {
  const held = new Set<number>();
  let failure: { error: unknown } | undefined;
  for (let from = 0; from < count;) {
    let to = from;
    while (to < count && !skipped(to)) to++;
    if (to > from) {
      try {
        // An offset beyond the stretch would name a page that this call is not about.
        const answer = file.endAccess(page + from, to - from, grefs.subarray(from, to));
        for (const offset of checkHeld(answer, to - from)) held.add(from + offset);
      } catch (error) {
        failure ??= { error };
        for (let offset = from; offset < to; offset++) held.add(offset);
      }
    }
    from = to + 1;
  }
  return { held, failure };
}
