import { asGrantError, GrantError, type GrantOperation } from "../contract/errors.ts";

/** The calls to one backend: one at a time. One that calls back into the library in the middle of another gets `busy`. */
export class Calls {
  readonly #backend: string;
  #busy = false;

  /** @param backend How error messages call the backend. */
  constructor(backend: string) {
    this.#backend = backend;
  }

  /** Whether the backend is in the middle of a call. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Throws if the backend is in the middle of a call: whoever changes state of its own before a call asks first. */
  checkIdle(operation: GrantOperation): void {
    if (!this.#busy) return;
    throw new GrantError(`Cannot ${operation} as the backend ${this.#backend} is in the middle of a call`, {
      code: "busy",
      operation,
    });
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
   * Begins a call, as {@linkcode Calls.make} does, where to make a function for it would cost too much. `end` follows, whatever
   * happens in between; and `failed` says what to throw if the call throws.
   */
  begin(operation: GrantOperation): void {
    this.checkIdle(operation);
    this.#busy = true;
  }

  /** What to throw for what a call threw. */
  failed(operation: GrantOperation, error: unknown): GrantError {
    return asGrantError(error, operation, this.#backend);
  }

  /** Ends a call. */
  end(): void {
    this.#busy = false;
  }
}
