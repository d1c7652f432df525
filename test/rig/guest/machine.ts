/** The machine that this domain is on. */

import type { StoreQuotas } from "../../conformance/mod.ts";
import { differs } from "../differences.ts";
import { type Machine, type MachineName, machineNamed } from "../machines.ts";

/** Returns the machine, whose name is on the kernel's command line and so in the environment. */
export function machineHere(): Machine {
  return machineNamed(Deno.env.get("machine") as MachineName);
}

/** Returns what the suite of event channels must know of the machine. */
export function eventFacts(): { absentPeers: boolean; timerBound: boolean } {
  const machine = machineHere();
  return {
    absentPeers: !differs(machine, "refuses ports for absent domains"),
    timerBound: !differs(machine, "leaves VIRQ_TIMER free"),
  };
}

/** Returns the usual quotas of the XenStore daemon in C. The kernel of a domain uses some of them. */
export function storeQuotas(): StoreQuotas {
  const value = differs(machineHere(), "counts nodes smaller") ? 2024 : 2015;
  return { value, nodes: 1000, watches: 129, transactions: 11 };
}
