import { asGrantError, GrantError, type GrantOperation } from "./errors.ts";

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
    this.checkIdle(operation);
    this.#busy = true;
    try {
      return call();
    } catch (error) {
      throw asGrantError(error, operation, this.#backend);
    } finally {
      this.#busy = false;
    }
  }
}
