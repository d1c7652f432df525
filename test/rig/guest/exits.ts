/** Programs with event channels must end by themselves. No wait may keep them alive or make them fail. */

import { NODE_PROJECT, RUN } from "./child.ts";
import { EXITS } from "./exits_program.ts";
import type { Suite } from "./runner.ts";

/** The time that a program may take from its start. */
const LIMIT_SECONDS = 30;

/**
 * Declares a test for each way to end.
 *
 * @param node The release line of the Node that runs the programs. Default is to run them on Deno.
 */
export function declare({ test }: Suite, node?: string): void {
  const runtime = node === undefined ? "Deno" : `Node ${node}`;
  const { command, args, ...rest } = node === undefined
    ? { command: Deno.execPath(), args: [...RUN, `${import.meta.dirname}/exits_deno.ts`] }
    : { command: `node${node}`, args: ["exits_node.ts"], cwd: NODE_PROJECT };
  for (const name of Object.keys(EXITS)) {
    test(`a program under ${runtime} ends well ${name}`, async () => {
      const child = new Deno.Command(command, { args: [...args, name], ...rest, stdin: "null" }).spawn();
      const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_SECONDS * 1000);
      const { success, code, signal } = await child.status;
      clearTimeout(timer);
      if (!success) throw new Error(`${runtime} ended with ${signal ?? code}`);
    });
  }
}
