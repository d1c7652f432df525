/** Programs that answer lines, in this domain or in a domU, and lines of the shell. */

import { Program } from "../../../scripts/program.ts";
import type { Domu } from "./domu.ts";

/** How a program is started. */
export interface Command {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string | undefined;
}

/** A running program. */
export interface Running {
  /** Sends it a line, and returns the line that it answers. */
  ask(line: string): Promise<string>;
  /** Returns the next line that it prints by itself. */
  read(): Promise<string>;
  /** Closes its standard input. It must end by itself with success. */
  end(): Promise<void>;
  /** Kills it with SIGKILL. */
  kill(): Promise<void>;
}

/** The time that a program may take to end by itself. */
const END_LIMIT_SECONDS = 20;

/** Starts a program in this domain. */
export function startProgram({ name, command, args, cwd }: Command): Running {
  const program = new Program(name, command, args, cwd);
  return {
    ask: (line) => program.ask(line),
    read: () => program.read(),
    async end() {
      // A program that fails to end must not keep the others waiting.
      const limit = setTimeout(() => program.kill(), END_LIMIT_SECONDS * 1000);
      try {
        await program[Symbol.asyncDispose]();
      } finally {
        clearTimeout(limit);
      }
    },
    kill: () => program.kill(),
  };
}

/** Starts a program in a domU. */
export async function startProgramIn(domu: Domu, command: Command): Promise<Running> {
  const program: number = await domu.call("programStart", command);
  return {
    ask: (line) => domu.call("programAsk", { program, line }, 170),
    read: () => domu.call("programRead", { program }, 170),
    end: () => domu.call("programEnd", { program }),
    kill: () => domu.call("programKill", { program }),
  };
}

/** The commands of a domU for {@linkcode startProgramIn}, and one that runs a line of the shell. */
export function programHandlers() {
  const programs: Running[] = [];
  return {
    programStart: (command: Command) => programs.push(startProgram(command)) - 1,
    programAsk: ({ program, line }: { program: number; line: string }) => programs[program]!.ask(line),
    programRead: ({ program }: { program: number }) => programs[program]!.read(),
    programEnd: ({ program }: { program: number }) => programs[program]!.end(),
    programKill: ({ program }: { program: number }) => programs[program]!.kill(),
    shell: ({ line }: { line: string }) => shell(line),
  };
}

/**
 * Runs a line of the shell. Returns what it prints.
 *
 * @throws {Error} if it fails, with what it prints.
 */
export async function shell(line: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) throw new Error(`${line}: ${errors || said}`);
  return said!;
}
