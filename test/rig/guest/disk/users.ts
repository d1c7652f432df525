/** Programs that use and serve disks: user.ts on Deno, and on Node with the npm package. */

import type { Json } from "../channel.ts";
import { EXAMPLE_NODE, NODE_PROJECT, RUN } from "../child.ts";
import type { Domu } from "../domu.ts";
import { type Command, type Running, startProgram, startProgramIn } from "../programs.ts";

export type Runtime = "Deno" | "Node";

/** A running program. */
export interface User {
  /**
   * Has it do something. One thing at a time.
   *
   * @throws {Error} if it fails, with the code and the message.
   */
  ask(verb: string, args: Json): Promise<Json>;
  /** Closes its standard input. It must end by itself with success. */
  end(): Promise<void>;
  /** Kills it with SIGKILL. */
  kill(): Promise<void>;
}

const COMMANDS: Record<Runtime, Command> = {
  Deno: {
    name: "the program on Deno",
    command: Deno.execPath(),
    args: [...RUN, `${import.meta.dirname}/user_deno.ts`],
  },
  Node: {
    name: "the program on Node",
    command: `node${EXAMPLE_NODE}`,
    args: ["--no-warnings", "test/rig/guest/disk/user_node.ts"],
    cwd: NODE_PROJECT,
  },
};

/** Starts a program in this domain. */
export function startUser(runtime: Runtime): User {
  return userOf(startProgram(COMMANDS[runtime]));
}

/** Starts a program in a domU. */
export async function startUserIn(domu: Domu, runtime: Runtime): Promise<User> {
  return userOf(await startProgramIn(domu, COMMANDS[runtime]));
}

function userOf(program: Running): User {
  return {
    async ask(verb, args) {
      const { value, error } = JSON.parse(await program.ask(JSON.stringify([verb, args])));
      if (error !== undefined) throw new Error(error);
      return value;
    },
    end: () => program.end(),
    kill: () => program.kill(),
  };
}
