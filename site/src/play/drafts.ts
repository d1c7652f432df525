/** Other pages of the same origin keep things, too. */
const PREFIX = "gntalloc draft of ";

/**
 * What the reader has made of programs, by the originals. It is kept until the tab is closed; where the browser keeps
 * nothing, until the page is left.
 */
export class Drafts {
  readonly #kept = new Map<string, string>();

  /** Returns the reader's version of a program; `undefined` if it is as it was. */
  of(original: string): string | undefined {
    return this.#kept.get(original) ?? attempt(() => sessionStorage.getItem(PREFIX + original)) ?? undefined;
  }

  /** Keeps the reader's version of a program, or forgets it if it is the original again. */
  keep(original: string, program: string): void {
    if (program === original) {
      this.#kept.delete(original);
      attempt(() => sessionStorage.removeItem(PREFIX + original));
      return;
    }
    this.#kept.set(original, program);
    attempt(() => sessionStorage.setItem(PREFIX + original, program));
  }
}

/** Uses the storage, which the browser may refuse, or which may be full. */
function attempt<Value>(use: () => Value): Value | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
