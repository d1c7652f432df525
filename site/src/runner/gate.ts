/** Where statements wait until they may run: one at a time, in the order in which they arrived. */
export class Gate {
  readonly #waiting: (() => void)[] = [];

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Waits for its turn. */
  pass(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets the first one pass, if one waits. */
  open(): void {
    this.#waiting.shift()?.();
  }
}
