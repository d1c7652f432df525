import type { Core } from "../../wasm/core.ts";
import { checkLimit } from "../contract/checks.ts";
import type { GrantOperation } from "../contract/errors.ts";
import type { GrantBackend } from "../contract/grant_backend.ts";
import type { CallGuard } from "../shared/call_guard.ts";

/**
 * How many pages may be live: what the caller has set, or else the backend's limit, which may change at any time. The
 * core enforces what it was told last.
 */
export class Limit {
  readonly #books: Core["books"];
  readonly #backend: GrantBackend;
  readonly #guard: CallGuard;
  /** Whether it is the backend's, so that it must be read again. */
  #mayChange: boolean;
  /** Whether the core has it: it was set, or read from the backend. */
  #isKnown = false;

  /** @param own The caller's limit; `undefined` for the backend's. */
  constructor(books: Core["books"], backend: GrantBackend, guard: CallGuard, own: number | undefined) {
    this.#books = books;
    this.#backend = backend;
    this.#guard = guard;
    this.#mayChange = own === undefined;
    if (own !== undefined) this.set(own);
  }

  /** Whether the backend decides, so that the limit may be another one by now. */
  get mayChange(): boolean {
    return this.#mayChange;
  }

  /** The limit that the core enforces; `undefined` if it was never set or read. */
  get last(): number | undefined {
    return this.#isKnown ? this.#books.limit() : undefined;
  }

  /** Where to raise it, for messages; `undefined` if it is the caller's. */
  get name(): string | undefined {
    return this.#mayChange ? this.#backend.limitName : undefined;
  }

  /** Sets a limit, which replaces the backend's. */
  set(pages: number): void {
    this.#mayChange = false;
    this.#isKnown = true;
    this.#books.setLimit(pages);
  }

  /** Reads the limit from the backend, if it is the backend's. */
  read(operation: GrantOperation): void {
    if (!this.#mayChange) return;
    try {
      const limit = this.#backend.limit();
      checkLimit("use the backend", "its limit", limit);
      this.#books.setLimit(limit);
      this.#isKnown = true;
    } catch (error) {
      throw this.#guard.failed(operation, error);
    }
  }
}
