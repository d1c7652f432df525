/** Where statements wait until they may run: one at a time, in the order in which they arrived. */
export class Gate {
  readonly #waiting: { readonly line: number; readonly pass: () => void }[] = [];

  /** The line of the statement that runs next; `undefined` if none waits. */
  get line(): number | undefined {
    return this.#waiting[0]?.line;
  }

  /** Waits for the turn of a statement. */
  pass(line: number): Promise<void> {
    return new Promise((pass) => this.#waiting.push({ line, pass }));
  }

  /** Lets the first one pass, if one waits. */
  open(): void {
    this.#waiting.shift()?.pass();
  }
}
