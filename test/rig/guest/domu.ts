/** A domU, as the tests in dom0 use it. */

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
 * @param settings Settings of xl that replace the usual ones, or add to them.
 */
export async function startDomu(name: string, settings: Readonly<Record<string, string>> = {}): Promise<Domu> {
  const domid = await xl.create(name, settings);
  const channel = await Channel.connect(domid);
  return {
    name,
    domid,
    call: (command, args, timeoutSeconds) => channel.call(command, args, timeoutSeconds),
    destroy: () => xl.destroy(domid),
  };
}
