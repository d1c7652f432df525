/** Programs that a guest starts: to kill them in the middle of something, or to read what they print. */

import { linesOf } from "../../../scripts/program.ts";
import type { Json } from "./channel.ts";

/**
 * The arguments of Deno for every program in a guest: there is no network, and the sources are those of the repository.
 */
export const RUN = ["run", "--allow-all", "--no-config", "--no-lock", "--no-remote", "--no-npm"];

interface Child {
  process: Deno.ChildProcess;
  lines: AsyncIterator<string>;
}

const children = new Map<number, Child>();

function start(script: string, args: string[]): Promise<{ pid: number; said: string }> {
  return startProgram(Deno.execPath(), [...RUN, script, ...args]);
}

async function startProgram(command: string, args: string[], cwd?: string): Promise<{ pid: number; said: string }> {
  const process = new Deno.Command(command, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = linesOf(process.stdout);
  const { value, done } = await lines.next();
  if (done) throw new Error(`${command} ${args.join(" ")} ended before it said anything`);
  children.set(process.pid, { process, lines });
  return { pid: process.pid, said: value };
}

/**
 * Starts a script in a process of its own, and waits for the first line that it prints, which must be JSON.
 *
 * The script must stay alive until it is killed.
 */
export async function spawn(script: string, args: string[] = []): Promise<{ pid: number; said: Json }> {
  const { pid, said } = await start(script, args);
  return { pid, said: JSON.parse(said) };
}

/** Starts a program of examples/, and waits for the first line that it prints. */
export function spawnExample(file: string, args: string[]): Promise<{ pid: number; said: string }> {
  return start(new URL(`../../../examples/${file}`, import.meta.url).pathname, args);
}

/** The project of a guest that has the npm package and koffi installed. */
export const NODE_PROJECT = "/node";

/** The release line of Node that runs the example: the oldest that the package supports. */
export const EXAMPLE_NODE = "22";

/** Starts the same example in that project on Node, and waits for the first line that it prints. */
export function spawnNodeExample(args: string[]): Promise<{ pid: number; said: string }> {
  return startProgram(`node${EXAMPLE_NODE}`, ["share.ts", ...args], NODE_PROJECT);
}

/** Returns the lines that a child prints until it ends by itself. It must succeed. */
export async function readLines(pid: number): Promise<string[]> {
  const { process, lines } = find(pid);
  const said: string[] = [];
  for (let line = await lines.next(); !line.done; line = await lines.next()) said.push(line.value);
  const { success, code } = await process.status;
  children.delete(pid);
  if (!success) throw new Error(`the process ended with ${code}`);
  return said;
}

/** Kills a process with SIGKILL. Returns when it is gone, with its files and mappings. */
export async function kill(pid: number): Promise<void> {
  const { process } = find(pid);
  process.kill("SIGKILL");
  await process.status;
  children.delete(pid);
}

function find(pid: number): Child {
  const child = children.get(pid);
  if (!child) throw new Error(`no child has the process id ${pid}`);
  return child;
}
