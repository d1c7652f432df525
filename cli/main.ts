#!/usr/bin/env node
/**
 * `gntalloc`: the command line. See docs/cli.md.
 *
 * @module
 */
import { CommanderError } from "commander";
import process from "node:process";
import { EXIT } from "./src/exit.ts";
import { failureOf } from "./src/failure.ts";
import { processHost } from "./src/host.ts";
import { createProgram } from "./src/program.ts";

const host = processHost();

async function main(): Promise<number> {
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

// Nobody waits for more input, and what the program opened is closed.
process.exit(await main());
