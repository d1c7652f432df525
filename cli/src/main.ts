import { CommanderError } from "commander";
import process from "node:process";
import { EXIT } from "./exit.ts";
import { failureOf } from "./failure.ts";
import { processHost } from "./host.ts";
import { createProgram } from "./program.ts";

/** Runs the command line of this process, and returns the exit code. */
export async function main(): Promise<number> {
  const host = processHost();
  try {
    await createProgram(host).parseAsync(process.argv);
    return EXIT.ok;
  } catch (error) {
    // It has printed what is to be said; help and the version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { line, code } = failureOf(error);
    if (line !== undefined) await host.note(line);
    return code;
  }
}
