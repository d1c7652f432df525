/** How many pictures may be under way to the page. */
const MOST_UNHEARD = 4;

/** Where a picture waits until the page can take it: many functions at once must not run ahead of the page. */
export class Window {
  #unheard = 0;
  #wait: PromiseWithResolvers<void> | undefined;

  /** Waits until the page has heard enough. */
  async pass(): Promise<void> {
    while (this.#unheard >= MOST_UNHEARD) await (this.#wait ??= Promise.withResolvers()).promise;
    this.#unheard++;
  }

  /** The page has heard all that was sent. */
  heard(): void {
    this.#unheard = 0;
    this.#wait?.resolve();
    this.#wait = undefined;
  }
}
