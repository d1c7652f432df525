import type { MappedMemory } from "../../src/contract/backend.ts";
import type { Call } from "../intercept/calls.ts";
import type { Injector, Steps } from "./injector.ts";

/** An open file of the inner backend: what all parts have in common. */
export class InnerFile {
  protected readonly injector: Injector;
  /** The number of mappings and ports that are gone for the caller, and were never ended. */
  #unreleased = 0;

  constructor(injector: Injector) {
    this.injector = injector;
  }

  /**
   * The steps of a call of this file, or of memory that it mapped.
   *
   * @param proceed Makes the call on the inner object.
   */
  steps(call: Call, proceed: () => unknown): Steps<unknown> {
    switch (call.method) {
      case "map":
        return { act: proceed, undo: (memory) => (memory as MappedMemory).unmap() };
      case "unmap":
        return { act: proceed, skipped: () => this.releaseLater(proceed) };
      case "close":
        return this.#close(proceed);
      default:
        return { act: proceed };
    }
  }

  /** Remembers how to end something that is gone for the caller, and was never ended. */
  protected releaseLater(end: () => void): void {
    this.#unreleased++;
    this.injector.unreleased.add(() => {
      this.#unreleased--;
      end();
    });
  }

  /** Closes the file; later, if something of it was never ended. */
  #close(close: () => void): Steps<unknown> {
    const closeLater = () => void this.injector.unreleased.add(close);
    return { act: () => this.#unreleased > 0 ? closeLater() : close(), skipped: closeLater };
  }
}
