/**
 * Warnings of handles that were dropped without being closed. Nothing is closed for the program: a peer may still use
 * the pages, and when garbage is collected is up to the engine.
 *
 * @module
 */

/** What is reported once a handle is gone. It must not lead to the handle, which it would keep alive. */
interface Watched {
  readonly kind: string;
  /** Returns what was lost and what to do, or `undefined` if nothing was. */
  describe(): string | undefined;
}

/** The kinds of handles that were reported. One warning of a kind is enough: a leak seldom happens once. */
const reported = new Set<string>();

const registry = typeof FinalizationRegistry === "function" ? new FinalizationRegistry<Watched>(report) : undefined;

/**
 * Warns through `console.warn` when a handle is dropped that holds something. Only the first of its kind is reported.
 *
 * This costs a tenth of a microsecond, and time when garbage is collected: too much for each page and each mapping.
 *
 * @param kind What is counted as one kind.
 * @param describe Returns what was lost, as a sentence that says what to do. It must not lead to the handle.
 */
export function watchForLeak(handle: object, kind: string, describe: () => string | undefined): void {
  registry?.register(handle, { kind, describe });
}

function report({ kind, describe }: Watched): void {
  try {
    if (reported.has(kind)) return;
    const lost = describe();
    if (lost === undefined) return;
    reported.add(kind);
    console.warn(`gntalloc: ${lost} Others of this kind are not reported.`);
  } catch {
    // The program goes on: nobody waits for this call.
  }
}

/** Where this library is, as stack traces show it. `undefined` in a bundle. */
const HOME = /[^\s(@]*\/(?=src\/contract\/leaks\.[jt]s)/.exec(framesOf(new Error()).join("\n"))?.[0];

/**
 * The frames of an error's call stack, one a line. None if the stack is not a text, or cannot be read: programs may
 * change how engines write it.
 */
export function framesOf(error: { readonly stack?: unknown }): string[] {
  try {
    const { stack } = error;
    return typeof stack === "string" ? stack.split("\n").filter((line) => /^\s*at |@/.test(line)) : [];
  } catch {
    return [];
  }
}

/**
 * Returns the place in the program from which the library was called, as a stack trace shows it; or `undefined` if it
 * cannot be told from the library's own. A text, because an `Error` may keep alive what it was created in. This takes
 * some microseconds.
 */
export function placeOfCaller(): string | undefined {
  if (HOME === undefined) return undefined;
  const frames = framesOf(new Error());
  const own = ["src/", "backends/", "wasm/"].map((folder) => HOME + folder);
  return frames.find((frame) => !own.some((folder) => frame.includes(folder)))?.trim().replace(/^at /, "");
}
