/** A program that has event channels comes to its end, by itself: nothing that waits may keep it, or fail it. */

import { NODE_PROJECT, RUN } from "./child.ts";
import { EXITS } from "./exits_program.ts";
import type { Suite } from "./runner.ts";

/** How long a program may take, from its start on. */
const LIMIT_SECONDS = 30;

/**
 * Declares a test for each way.
 *
 * @param node The release line of the Node that runs the programs; Deno does, unless it is given.
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
