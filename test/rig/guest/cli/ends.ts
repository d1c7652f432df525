/** How `gntalloc` must have ended. */

import type { Ended } from "../../../support/running.ts";
import { assertEquals } from "../../../conformance/asserts.ts";
import { xenstore } from "../xenstore.ts";

/** Exit codes after signals. */
export const SIGINT = 130;
export const SIGTERM = 143;

/** Throws unless a program has ended with an exit code, and has written what it should to the standard output. */
export function assertEnded({ code, stdout, stderr }: Ended, expected: number, output?: string): void {
  if (code !== expected) throw new Error(`it ended with ${code}, not ${expected}: ${stdout}${stderr}`);
  if (output !== undefined) assertEquals(stdout, output, stderr);
}

/** Throws if dom0 finds a node in XenStore. */
export async function assertNoNode(path: string): Promise<void> {
  const code = await (await xenstore()).readText(path).then(() => "", (error) => error.code);
  assertEquals(code, "not-found", path);
}

/** Throws unless a program has failed with an error, such as `grant:map-refused`, and one line that says so. */
export function assertFailed({ code, stdout, stderr }: Ended, error: string): void {
  const isLine = stderr.startsWith(`gntalloc: ${error}: `) && stderr.indexOf("\n") === stderr.length - 1;
  if (code !== 1 || stdout !== "" || !isLine) {
    throw new Error(`it must fail with ${error}, and ended with ${code}: ${stdout}${stderr}`);
  }
}
