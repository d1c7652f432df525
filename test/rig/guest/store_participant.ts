/**
 * A participant of sequences of requests to XenStore that is in the domU: dom0's end, and the commands of the domU.
 *
 * @module
 */

import { denoDomain } from "../../../backends/deno.ts";
import { LocalParticipant, type Participant } from "../../store_differential/participant.ts";
import type { Request } from "../../store_differential/step.ts";
import type { Domu } from "./domu.ts";

/** Commands that a domU serves. It has one participant at a time. */
export function storeHandlers() {
  let participant: LocalParticipant | undefined;
  const current = () => {
    if (participant === undefined) throw new Error("no participant is open");
    return participant;
  };
  return {
    storeOpen({ domid }: { domid: number }) {
      participant = new LocalParticipant(denoDomain().store.open(), domid);
      return participant.begin();
    },
    storeRequest: ({ step }: { step: Request }) => current().request(step),
    storeSettle: () => current().settle(),
    storeClose: () => current().close(),
  };
}

/** dom0's end. */
export class RemoteParticipant implements Participant {
  readonly #domu: Domu;

  constructor(domu: Domu) {
    this.#domu = domu;
  }

  begin(): Promise<void> {
    return this.#domu.call("storeOpen", { domid: this.#domu.domid });
  }

  request(step: Request): Promise<string> {
    return this.#domu.call("storeRequest", { step });
  }

  settle(): Promise<string[]> {
    return this.#domu.call("storeSettle");
  }

  close(): Promise<void> {
    return this.#domu.call("storeClose");
  }
}
