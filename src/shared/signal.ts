import { ArgumentTypeError } from "../contract/argument_error.ts";
import { show } from "../contract/checks.ts";

// A caller's signal may override its methods. Deno's `AbortSignal.timeout` needs those of AbortSignal, not of
// EventTarget.
const { addEventListener, removeEventListener } = AbortSignal.prototype;

/** Throws unless a value is an `AbortSignal`, of this realm or another, or absent. */
export function checkSignal(what: string, value: unknown): asserts value is AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal || isForeignSignal(value)) return;
  throw new ArgumentTypeError(`Cannot ${what} as \`signal\` must be an AbortSignal: current value is ${show(value)}`);
}

/** Whether a value does what a signal does: those of other realms, such as frames, have a class of their own. */
function isForeignSignal(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function" &&
    typeof removeEventListener === "function";
}

/** Why a signal was aborted. The signals of some libraries give no reason. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("The signal was aborted, without a reason.", "AbortError");
}

/** Calls back when a signal is aborted. */
export function addAbortListener(signal: AbortSignal, listener: () => void): void {
  if (signal instanceof AbortSignal) addEventListener.call(signal, "abort", listener);
  else (signal as AbortSignal).addEventListener("abort", listener);
}

/** Ends what {@linkcode addAbortListener} began. */
export function removeAbortListener(signal: AbortSignal, listener: () => void): void {
  if (signal instanceof AbortSignal) removeEventListener.call(signal, "abort", listener);
  else (signal as AbortSignal).removeEventListener("abort", listener);
}
