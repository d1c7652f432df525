import type { StoreBackend } from "../../src/contract/store_backend.ts";
import type { MockXen } from "../../backends/mock.ts";
import type { StoreMachine } from "./executor.ts";
import { LocalParticipant } from "./participant.ts";
import { THIRD } from "./places.ts";

/** The connections of a simulated Xen. */
export interface SimulatedStores {
  /** The daemon's socket in domain 0. */
  readonly socket: StoreBackend;
  /** What takes part as the device of domain 0: the device, or the socket again if the other machine has no device. */
  readonly device: StoreBackend;
  /** The device of the other domain. */
  readonly domu: StoreBackend;
}

/**
 * Makes a machine of a simulated Xen.
 *
 * @param xen Where the third domain is born; absent if the other machine has none.
 */
export function simulatedMachine(stores: SimulatedStores, domu: number, xen?: MockXen): StoreMachine {
  const machine: StoreMachine = {
    domu,
    who: ["socket", "device", "domu"],
    open(who) {
      const store = who === "third" ? xen!.domain(THIRD).store : stores[who === "control" ? "socket" : who];
      return Promise.resolve(new LocalParticipant(store.open(), domu));
    },
  };
  if (xen === undefined) return machine;
  return {
    ...machine,
    live(life) {
      const third = xen.domain(THIRD);
      if (life !== "CREATE") third.destroy();
      return Promise.resolve();
    },
  };
}
