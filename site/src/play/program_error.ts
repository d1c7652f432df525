/** Why a program cannot run, and where. */
export class ProgramError extends Error {
  /** The line, from 1. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}
