import type { Asked, FaultCall, FaultKind, FaultSide } from "./call.ts";
import type { Failure, Hold, Hook } from "./rules.ts";

/** What a call is made of. */
export interface Steps<T> {
  /**
   * Does it in the backend below.
   *
   * @param pages After how many pages it is to fail, if it is.
   */
  act(pages: number | undefined): T;
  /** Undoes it, as it fails after all. What cannot be undone is remembered, or counts as gone. */
  undo?(result: T): void;
  /** Notes that it was not done, though nobody tries again. */
  skipped?(): void;
  /** Whether the answer says by itself that it failed half-way, so that nothing is thrown. */
  tells?(pages: number): boolean;
}

interface Count {
  calls: number;
  injected: number;
}

/** Where the rules meet the calls. */
export class Injector {
  readonly failures = new Set<Failure>();
  readonly hooks = new Set<Hook>();
  readonly holds = new Set<Hold>();
  /** Ends what a fault left behind in the backend below: mappings and files. */
  readonly left = new Set<() => void>();
  readonly #counts = new Map<string, Count>();

  /** How often a kind of call was made on a side, and a fault injected. */
  count(kind: FaultKind, side: FaultSide): Count {
    const key = `${side} ${kind}`;
    let count = this.#counts.get(key);
    if (!count) this.#counts.set(key, count = { calls: 0, injected: 0 });
    return count;
  }

  /** Makes a call, unless a fault is in the way; does what is to be done in its middle. */
  call<T>(asked: Asked, steps: Steps<T>): T {
    const { kind, side } = asked;
    const count = this.count(kind, side);
    // Not by spreading: the references of a grant are known later.
    const call: FaultCall = Object.defineProperty(asked, "number", {
      value: ++count.calls,
      enumerable: true,
    }) as FaultCall;
    // Each rule counts the calls, whether it is its turn or not.
    const failure = [...this.failures].filter((failure) => failure.due(kind, side))[0];
    if (failure) failure.fired++;
    const hooks = [...this.hooks].filter((hook) => hook.due(kind, side));
    const run = (when: "before" | "after") => {
      for (const hook of hooks) if (hook.when === when) hook.run(call);
    };
    const fail = (failure: Failure) => {
      count.injected++;
      throw failure.error(call);
    };

    try {
      run("before");
      if (failure && failure.pages === undefined) fail(failure);
    } catch (error) {
      steps.skipped?.();
      throw error;
    }
    const result = steps.act(failure?.pages);
    try {
      run("after");
      if (failure) {
        if (!steps.tells?.(failure.pages!)) fail(failure);
        count.injected++;
      }
    } catch (error) {
      try {
        steps.undo?.(result);
      } catch {
        // The backend below failed as well: the first error is the one that counts.
      }
      throw error;
    }
    return result;
  }
}
