/** A domU, as the tests in dom0 use it. */

import type { DomuType } from "../machines.ts";
import { Channel, type Json } from "./channel.ts";
import * as xl from "./xl.ts";

export interface Domu {
  name: string;
  domid: number;
  /** Makes domu_guest.ts run one of its commands. */
  call(command: string, args?: Json, timeoutSeconds?: number): Promise<Json>;
  /** Ends the domain like a crash, whatever is still mapped. */
  destroy(): Promise<void>;
}

/**
 * Boots a domU and waits until it takes commands.
 *
 * @param type The type of the domain. Default is the one of the machine's domUs.
 * @param changes Settings of xl that replace the usual ones.
 */
export async function startDomu(name: string, type?: DomuType, changes: xl.Settings = {}): Promise<Domu> {
  const domid = await xl.create(name, changes, type);
  const channel = await Channel.connect(domid);
  return {
    name,
    domid,
    call: (command, args, timeoutSeconds) => channel.call(command, args, timeoutSeconds),
    destroy: () => xl.destroy(domid),
  };
}
