import type { ChangedStream } from "./changed_stream.ts";
import type { CallInfo, FaultCall, FaultKind, FaultPart } from "./call.ts";
import type { Failure } from "./failure.ts";
import type { Hold } from "./hold.ts";
import type { Refusal } from "./refusal.ts";
import type { ReplyChange } from "./reply.ts";
import type { Hook, Rule } from "./rules.ts";
import type { Split } from "./split.ts";

/** The steps of a call. */
export interface Steps<T> {
  /**
   * Makes the call on the inner backend.
   *
   * @param pages The number of pages or segments after which the call is to fail, if it is.
   */
  act(pages: number | undefined): T;
  /** The references that the call has once `act` has begun, if it fills them in. */
  grefs?(): readonly number[];
  /** Undoes the call, because it fails after all. What cannot be undone is remembered, or counts as gone. */
  undo?(result: T): void;
  /** Notes that the call was not made, although the caller will not make it again. */
  skipped?(): void;
  /** Notes that the call has succeeded. */
  done?(result: T): void;
  /** Whether the answer itself reports that the call failed halfway, so that nothing is thrown. */
  reports?(pages: number): boolean;
}

interface Count {
  calls: number;
  injected: number;
}

/** Keeps the references that a call has now, because their buffer is reused for other calls. */
function keepGrefs(call: FaultCall): void {
  Object.defineProperty(call, "grefs", { value: call.grefs, enumerable: true });
}

/** Where the rules meet the calls. */
export class Injector {
  readonly failures = new Set<Failure>();
  readonly hooks = new Set<Hook>();
  readonly holds = new Set<Hold>();
  readonly refusals = new Set<Refusal>();
  readonly changes = new Set<ReplyChange>();
  readonly splits = new Set<Split>();
  /** What arrives on the open connections to XenStore. */
  readonly streams = new Set<ChangedStream>();
  /** Ends what a fault left behind in the inner backend: mappings, ports and files. */
  readonly unreleased = new Set<() => void>();
  readonly #counts = new Map<string, Count>();

  /** How often a kind of call was made in a part, and how often a fault was injected. */
  count(kind: FaultKind, part: FaultPart): Count {
    const key = `${part} ${kind}`;
    let count = this.#counts.get(key);
    if (!count) this.#counts.set(key, count = { calls: 0, injected: 0 });
    return count;
  }

  /** Makes a call, unless a fault prevents it, and runs the actions before and after it. */
  call<T>(info: CallInfo, steps: Steps<T>): T {
    const { kind, part } = info;
    const count = this.count(kind, part);
    const call: FaultCall = { ...info, number: ++count.calls };
    // Each rule counts the calls, even if another one is chosen.
    const due = [...this.failures].filter((failure) => failure.due(kind, part));
    const hooks = [...this.hooks].filter((hook) => hook.due(kind, part));
    const chosen = due.shift();
    for (const other of due) other.release();
    const waiting = new Set<Rule>(chosen ? [chosen, ...hooks] : hooks);
    const happens = (rule: Rule) => {
      waiting.delete(rule);
      rule.happens();
    };
    try {
      const result = this.#run(call, steps, chosen, hooks, happens);
      steps.done?.(result);
      return result;
    } finally {
      // A rule that did not get its turn, because something else came first, gets another one.
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
      this.count(call.kind, call.part).injected++;
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
    if (steps.grefs) {
      Object.defineProperty(call, "grefs", { get: () => steps.grefs!(), enumerable: true, configurable: true });
    }
    const result = steps.act(failure?.pages);
    try {
      run("after");
      // A call that was stopped halfway can no longer succeed, even if a hook has cleared the failure.
      if (failure && (this.failures.has(failure) || failure.pages! < (call.count ?? 0))) {
        if (steps.reports?.(failure.pages!)) inject(failure);
        else fail(failure);
      }
    } catch (error) {
      try {
        steps.undo?.(result);
      } catch {
        // The inner backend failed as well: the first error is the one that counts.
      }
      throw error;
    }
    return result;
  }
}
