import { GrantError } from "../contract/errors.ts";
import { framesOf, watchForLeak } from "../contract/leaks.ts";
import { pages as pagesText, sentence } from "../contract/messages.ts";
import { stacks } from "../shared/callers.ts";
import { isAboutRoom } from "./refusals.ts";
import type { AllocationReport } from "./reports.ts";
import { type AllocatedPages, describeAllocation, type MappingFate, watchMappings } from "./shared_pages.ts";

/** How many allocations an error names. */
const NAMED = 3;

/** The public method that allocates: the call stack of an allocation begins with its caller. */
// deno-lint-ignore no-explicit-any
export type Caller = (...args: any[]) => unknown;

interface Origin {
  /** When the pages were allocated, in milliseconds. */
  readonly time: number;
  readonly stack: string;
}

/** Remembers where and when the pages of a device were allocated. */
export class AllocationTracker {
  readonly #origins = new Map<AllocatedPages, Origin>();
  /** At this size, those that hold nothing any more are looked for. */
  #full = 64;

  /**
   * Remembers an allocation.
   *
   * @throws {GrantError} what `allocate` throws. If it is about room, the message names the largest allocations.
   */
  track(allocate: () => AllocatedPages, caller: Caller): AllocatedPages {
    const stack = callersOf(caller);
    let pages: AllocatedPages;
    try {
      pages = allocate();
    } catch (error) {
      throw this.#withHolders(error);
    }
    if (this.#origins.size >= this.#full) {
      this.#prune();
      this.#full = Math.max(64, 2 * this.#origins.size);
    }
    this.#origins.set(pages, { time: performance.now(), stack });
    const { count, domid } = pages;
    watchMappings(
      pages,
      (mapping, fate) => watchForLeak(mapping, "mapping", () => describeDropped(fate, count, domid, stack)),
    );
    return pages;
  }

  /** Lists the allocations that hold pages. */
  inspect(): AllocationReport[] {
    const now = performance.now();
    return this.#prune().map(([pages, { time, stack }]) => ({ ...describeAllocation(pages), age: now - time, stack }));
  }

  /** Forgets allocations that hold nothing any more. Returns the others. */
  #prune(): [AllocatedPages, Origin][] {
    const left: [AllocatedPages, Origin][] = [];
    for (const entry of this.#origins) {
      const { freed, pages, mappings } = describeAllocation(entry[0]);
      if (freed < pages || mappings > 0) left.push(entry);
      else this.#origins.delete(entry[0]);
    }
    return left;
  }

  #withHolders(error: unknown): unknown {
    if (!(error instanceof GrantError) || !isAboutRoom(error)) return error;
    const holders = this.inspect().sort((a, b) => b.pages - a.pages).slice(0, NAMED);
    if (holders.length === 0) return error;
    const { code, operation, errno, message } = error;
    const list = holders.map((holder) => `\n- ${describeHolder(holder)}`).join("");
    return new GrantError(`${sentence(message)} The largest holders:${list}`, { code, operation, errno, cause: error });
  }
}

/** What is said of a mapping that was dropped, unless it has ended. */
function describeDropped(fate: MappingFate, count: number, domid: number, stack: string): string | undefined {
  if (fate.unmapped || fate.memory?.ended === true) return undefined;
  const [frame = ""] = stack.split("\n");
  const place = frame === "" ? "" : `, allocated ${frame},`;
  return `A mapping of ${pagesText(count)} shared with domain ${domid}${place} was dropped without ` +
    "being unmapped. The pages stay mapped and allocated until the program ends. Keep the mapping and unmap it, or " +
    "declare it with `using`.";
}

function describeHolder({ pages, domid, freed, mappings, age, stack }: AllocationReport): string {
  const state = [
    ...(freed > 0 ? [`${freed === pages ? "all" : freed} freed`] : []),
    ...(mappings > 0 ? ["mapped here"] : []),
  ];
  const details = state.length === 0 ? "" : ` (${state.join(", ")})`;
  const [place = ""] = stack.split("\n");
  return `${pagesText(pages)} for domain ${domid}${details}, allocated ${Math.round(age / 1000)} s ago ${place.trim()}`;
}

/** The frames of the call stack, from the caller of a function on. */
function callersOf(callee: Caller): string {
  let holder: { stack?: unknown } = new Error();
  if (typeof stacks.captureStackTrace === "function") {
    holder = {};
    try {
      stacks.captureStackTrace(holder, callee);
    } catch {
      // Where an engine writes the stack at once, what the program has put in its place may throw.
    }
  }
  return framesOf(holder).map((line) => line.trim()).join("\n");
}
