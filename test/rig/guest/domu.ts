/** A domU as the tests in dom0 see it: started by name, asked by command, destroyed at will. */

import { Channel, type Json } from "./channel.ts";
import * as xl from "./xl.ts";

export interface Domu {
  name: string;
  domid: number;
  /** Has domu_guest.ts run one of its commands there. */
  call(command: string, args?: Json, timeoutSeconds?: number): Promise<Json>;
  /** Ends the domain as a crash would, whatever is still mapped. */
  destroy(): Promise<void>;
}

/** Boots a domU and waits until it takes commands. */
export async function startDomu(name: string): Promise<Domu> {
  const domid = await xl.create(name);
  const channel = await Channel.connect(domid);
  return {
    name,
    domid,
    call: (command, args, timeoutSeconds) => channel.call(command, args, timeoutSeconds),
    destroy: () => xl.destroy(domid),
  };
}
