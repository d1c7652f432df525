/** The machine that this domain is on. */

import { type Machine, type MachineName, machineNamed } from "../machines.ts";

/** Returns the machine, whose name is on the kernel's command line and so in the environment. */
export function machineHere(): Machine {
  return machineNamed(Deno.env.get("machine") as MachineName);
}
