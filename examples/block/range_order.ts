/** A part of a disk that an operation uses, in bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
  /** Whether it changes what is there. */
  readonly writes: boolean;
}

interface Entry extends Range {
  readonly done: Promise<void>;
}

/**
 * Keeps operations in their order where that matters. A backend may carry out the requests that it has in any order, so
 * an operation waits for those before it that touch the same bytes, unless both only read.
 */
export class RangeOrder {
  readonly #entries = new Set<Entry>();

  /**
   * Runs an operation after those before it that it must not overtake.
   *
   * @param run Returns when the backend has carried it out.
   */
  run<Value>(range: Range, run: () => Promise<Value>): Promise<Value> {
    const before = this.#before(({ start, end, writes }) =>
      start < range.end && end > range.start && (writes || range.writes)
    );
    return this.#add(range, before, run);
  }

  /** Waits for all operations before that change something. */
  async writesBefore(): Promise<void> {
    await Promise.all(this.#before(({ writes }) => writes));
  }

  /** Waits for all operations before. */
  async allBefore(): Promise<void> {
    await Promise.all(this.#before(() => true));
  }

  #before(test: (entry: Entry) => boolean): Promise<void>[] {
    const found: Promise<void>[] = [];
    for (const entry of this.#entries) if (test(entry)) found.push(entry.done);
    return found;
  }

  #add<Value>(range: Range, before: readonly Promise<void>[], run: () => Promise<Value>): Promise<Value> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entry: Entry = { ...range, done: promise };
    this.#entries.add(entry);
    const end = () => {
      this.#entries.delete(entry);
      resolve();
    };
    const running = before.length === 0 ? run() : Promise.all(before).then(run);
    running.then(end, end);
    return running;
  }
}
