/** `gntalloc`, from the npm package, as processes of this domain. */

import { type Running, type StartOptions, startProgram } from "../../../support/running.ts";
import { EXAMPLE_NODE, NODE_PROJECT } from "../child.ts";

/** What runs the program: Deno with the permissions that docs/cli.md names, Deno with all of them, or Node. */
export type Make = "Deno" | "Deno with -A" | "Node";

/** The program, installed. */
export const MAIN = `${NODE_PROJECT}/node_modules/@gntalloc/cli/main.js`;

const DENO = ["run", "--no-prompt", "--no-lock", "--no-remote"];

const COMMANDS: Readonly<Record<Make, readonly [command: string, ...args: string[]]>> = {
  Deno: [Deno.execPath(), ...DENO, "--allow-read", "--allow-env", "--allow-ffi", MAIN],
  "Deno with -A": [Deno.execPath(), ...DENO, "-A", MAIN],
  Node: [`node${EXAMPLE_NODE}`, MAIN],
};

/** Starts the program. Its standard input is open. */
export function startGntalloc(make: Make, args: readonly string[], options: StartOptions = {}): Running {
  const [command, ...rest] = COMMANDS[make];
  return startProgram(command, [...rest, ...args], { ...options, hasInput: true });
}

/** How many characters of what a program has written one answer of a domU takes: half of what fits, for escapes. */
export const PIECE = 900;

/** The commands of a domU for these programs. */
export function cliHandlers() {
  const programs: Running[] = [];
  const find = ({ program }: { program: number }) => programs[program]!;
  return {
    cliStart: ({ make, args }: { make: Make; args: string[] }) => programs.push(startGntalloc(make, args)) - 1,
    cliUntil: (args: { program: number; text: string }) => find(args).until(args.text),
    cliWrite: (args: { program: number; text: string }) => find(args).write(args.text),
    cliCloseInput: (args: { program: number }) => find(args).closeInput(),
    cliKill: (args: { program: number; signal: Deno.Signal }) => find(args).kill(args.signal),
    /** Waits for the end. Returns the exit code. */
    cliEnd: async (args: { program: number }) => (await find(args).ended).code,
    /** Returns a piece of what it has written. */
    cliRead: (args: { program: number; from: "stdout" | "stderr"; start: number }) =>
      find(args)[args.from].slice(args.start, args.start + PIECE),
  };
}
