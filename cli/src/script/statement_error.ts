/** A statement of a script failed: `cause` says why. */
export class StatementError extends Error {
  override readonly name = "StatementError";

  /**
   * @param line The number of its line.
   * @param text The line as it is written.
   */
  constructor(readonly line: number, readonly text: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
