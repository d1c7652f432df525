import type { Asked, FaultCall, FaultKind, FaultSide } from "./call.ts";
import type { Failure } from "./failure.ts";
import type { Hold } from "./hold.ts";
import type { Refusal } from "./refusal.ts";
import type { Hook, Rule } from "./rules.ts";

/** What a call is made of. */
export interface Steps<T> {
  /**
   * Does it in the backend below.
   *
   * @param pages After how many pages or segments it is to fail, if it is.
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

/** Keeps the references that a call has now: the buffer they are read from is used again for others. */
function keepGrefs(call: FaultCall): void {
  Object.defineProperty(call, "grefs", { value: call.grefs, enumerable: true });
}

/** Where the rules meet the calls. */
export class Injector {
  readonly failures = new Set<Failure>();
  readonly hooks = new Set<Hook>();
  readonly holds = new Set<Hold>();
  readonly refusals = new Set<Refusal>();
  /** Ends what a fault left behind in the backend below: mappings, ports and files. */
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
    const due = [...this.failures].filter((failure) => failure.due(kind, side));
    const hooks = [...this.hooks].filter((hook) => hook.due(kind, side));
    const chosen = due.shift();
    for (const other of due) other.release();
    const waiting = new Set<Rule>(chosen ? [chosen, ...hooks] : hooks);
    const happens = (rule: Rule) => {
      waiting.delete(rule);
      rule.happens();
    };
    try {
      return this.#run(call, steps, chosen, hooks, happens);
    } finally {
      // What did not happen, as something else came first, is still to come.
      for (const rule of waiting) rule.release();
      keepGrefs(call);
    }
  }

  #run<T>(
    call: FaultCall,
    steps: Steps<T>,
    chosen: Failure | undefined,
    hooks: readonly Hook[],
    happens: (rule: Rule) => void,
  ): T {
    const run = (when: "before" | "after") => {
      for (const hook of hooks) {
        if (hook.when !== when || !this.hooks.has(hook)) continue;
        happens(hook);
        hook.run(call);
      }
    };
    const inject = (failure: Failure) => {
      this.count(call.kind, call.side).injected++;
      happens(failure);
    };
    const fail = (failure: Failure) => {
      inject(failure);
      keepGrefs(call);
      throw failure.error(call);
    };

    let failure: Failure | undefined;
    try {
      run("before");
      // A hook may have cleared it.
      failure = chosen && this.failures.has(chosen) ? chosen : undefined;
      if (failure && failure.pages === undefined) fail(failure);
    } catch (error) {
      steps.skipped?.();
      throw error;
    }
    const result = steps.act(failure?.pages);
    try {
      run("after");
      // What was stopped half-way cannot succeed any more, even if a hook has cleared the failure.
      if (failure && (this.failures.has(failure) || failure.pages! < (call.count ?? 0))) {
        if (steps.tells?.(failure.pages!)) inject(failure);
        else fail(failure);
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
