import { asGrantError, GrantError, type GrantOperation } from "../contract/errors.ts";
import { addCallers } from "./callers.ts";

/**
 * Allows one call to a backend at a time. A backend that calls back into the library in the middle of a call gets a
 * `busy` error. Anything else that a backend throws becomes a {@linkcode GrantError}.
 */
export class CallGuard {
  readonly #backend: string;
  #busy = false;

  /** @param backend The backend's name, for error messages. */
  constructor(backend: string) {
    this.#backend = backend;
  }

  /** Whether the backend is in the middle of a call. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Throws if the backend is in the middle of a call. Callers that change their own state before a call check this
   * first.
   */
  checkIdle(operation: GrantOperation): void {
    if (!this.#busy) return;
    throw new GrantError(
      `Cannot ${operation}: the backend ${this.#backend} is in the middle of another call. ` +
        "Try again when that call has returned.",
      { code: "busy", operation },
    );
  }

  /**
   * Makes a call.
   *
   * @throws {GrantError} whatever the call throws; or `busy`.
   */
  make<T>(operation: GrantOperation, call: () => T): T {
    this.begin(operation);
    try {
      return call();
    } catch (error) {
      throw this.failed(operation, error);
    } finally {
      this.end();
    }
  }

  /**
   * Begins a call. Hot paths use this instead of {@linkcode CallGuard.make}, which needs a closure. Whatever happens in
   * between, {@linkcode CallGuard.end} must follow.
   */
  begin(operation: GrantOperation): void {
    this.checkIdle(operation);
    this.#busy = true;
  }

  /** The error to throw for what a call threw. Its stack includes the caller's line. */
  failed(operation: GrantOperation, error: unknown): GrantError {
    const failure = asGrantError(error, operation, this.#backend);
    addCallers(failure);
    return failure;
  }

  /** Ends a call. */
  end(): void {
    this.#busy = false;
  }
}
