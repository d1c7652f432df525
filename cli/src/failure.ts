import { GrantError, isArgumentError } from "@gntalloc/gntalloc";
import { TraceError } from "@gntalloc/gntalloc/record";
import { PvError } from "@gntalloc/gntalloc/pv";
import { VchanError } from "@gntalloc/gntalloc/vchan";
import { StoreError } from "@gntalloc/gntalloc/xenstore";
import { forCommands } from "./advice.ts";
import { EXIT, Failed, Interrupted, ReaderGone, UsageError } from "./exit.ts";
import { printable } from "./printable.ts";
import { StatementError } from "./script/statement_error.ts";

/** What is said of an error, and how the program ends. */
export interface Failure {
  /** The line, or `undefined` if there is nothing to say. */
  readonly line: string | undefined;
  /** The exit code. */
  readonly code: number;
}

/** The name of an error's entry in docs/troubleshooting.md, such as `grant:no-device`; `undefined` if it has none. */
export function entryOf(error: unknown): string | undefined {
  if (error instanceof GrantError) return `grant:${error.code}`;
  if (error instanceof StoreError) return `store:${error.code}`;
  if (error instanceof PvError) return `pv:${error.code}`;
  if (error instanceof VchanError) return `vchan:${error.code}`;
  return undefined;
}

/** Says what failed in one line, with the code and the way out. */
export function failureOf(error: unknown): Failure {
  const cause = reasonOf(error instanceof StatementError ? error.cause : error);
  if (cause instanceof Interrupted) return { line: undefined, code: cause.code };
  if (cause instanceof ReaderGone) return { line: undefined, code: EXIT.ok };
  if (cause instanceof Failed) return { line: undefined, code: EXIT.failed };
  const place = error instanceof StatementError ? `line ${error.line} (${error.text}): ` : "";
  const { kind, code } = classOf(cause);
  const entry = entryOf(cause);
  const said = cause instanceof Error ? cause.message : String(cause);
  const message = oneLine(place + (entry === undefined ? said : forCommands(said)));
  const more = entry === undefined ? "" : `${/[.!?]$/.test(message) ? "" : "."} More: gntalloc explain ${entry}`;
  return { line: `gntalloc: ${kind === "" ? "" : `${kind}: `}${message}${more}`, code };
}

/** Why something was aborted: timers do not reject with the reason itself. */
function reasonOf(error: unknown): unknown {
  return error instanceof Error && error.name === "AbortError" && error.cause !== undefined ? error.cause : error;
}

function oneLine(message: string): string {
  return printable(message.replace(/\s*\n\s*/g, " "));
}

/** The kind of an error, which its line begins with, and the exit code. */
function classOf(error: unknown): { readonly kind: string; readonly code: number } {
  const kind = entryOf(error);
  if (kind !== undefined) return { kind, code: EXIT.failed };
  if (error instanceof TraceError) return { kind: "trace", code: EXIT.failed };
  // The library checks arguments, too.
  if (error instanceof UsageError || isArgumentError(error)) return { kind: "usage", code: EXIT.usage };
  if (error instanceof TypeError || error instanceof ReferenceError) {
    return { kind: "fault of gntalloc", code: EXIT.failed };
  }
  return { kind: (error as Error | undefined)?.name === "TimeoutError" ? "timeout" : "", code: EXIT.failed };
}
