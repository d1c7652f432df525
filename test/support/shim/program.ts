/**
 * Runs programs of tests, each in a process of its own.
 *
 * @module
 */

import { expect } from "vitest";
import { type ExecOptions, type ExecResult, run } from "../../../scripts/exec.ts";

/** Runs a program to its end: one of this folder by its name, or any by its URL. */
export function runProgram(
  program: string | URL,
  permissions: readonly string[],
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const script = new URL(program, import.meta.url).pathname;
  return run(Deno.execPath(), ["run", "--no-config", "--no-prompt", ...permissions, script, ...args], options);
}

/** Runs a program that must succeed, and returns the JSON that it prints. */
export async function programResult(
  program: string | URL,
  permissions: readonly string[],
  args: readonly string[],
  options: ExecOptions = {},
) {
  const { code, signal, stdout, stderr } = await runProgram(program, permissions, args, options);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  return JSON.parse(stdout);
}
