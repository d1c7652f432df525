/** How to wait for the other side of a device. */
export interface PvWaitOptions {
  /** Ends the waiting when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * How long the call may take, in milliseconds: a whole number from 0 to 2,147,483,647, or `Infinity` for no limit.
   * The timer is the program's own: fake timers of a test framework control it.
   *
   * By default, `start()`, `end()` and `removeDevice()` take up to 10,000 ms, and what waits for news has no limit.
   */
  timeout?: number | undefined;
}

/** How to make a call that need not wait for the other side. */
export interface PvCallOptions {
  /** Gives the call up when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}
