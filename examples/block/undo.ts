/** Steps that give back what was taken. */
export class Undo {
  readonly #steps: (() => void)[] = [];

  /** Adds a step. It runs before those that were added earlier. */
  push(step: () => void): void {
    this.#steps.push(step);
  }

  /** Runs the steps, once, whatever fails: the kernel frees what is left when the program ends. */
  run(): void {
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        step();
      } catch {
        // The next steps matter, too.
      }
    }
  }
}
