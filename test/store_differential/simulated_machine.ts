import type { StoreBackend } from "../../src/contract/store_backend.ts";
import type { StoreMachine } from "./executor.ts";
import { LocalParticipant } from "./participant.ts";

/** The connections of a simulated Xen. */
export interface SimulatedStores {
  /** The daemon's socket in domain 0. */
  readonly socket: StoreBackend;
  /** What takes part as the device of domain 0: the device, or the socket again if the other machine has no device. */
  readonly device: StoreBackend;
  /** The device of the other domain. */
  readonly domu: StoreBackend;
}

/** Makes a machine of a simulated Xen. */
export function simulatedMachine(stores: SimulatedStores, domu: number): StoreMachine {
  return {
    domu,
    who: ["socket", "device", "domu"],
    open: (who) => {
      const { [who === "control" ? "socket" : who]: store } = stores;
      return Promise.resolve(new LocalParticipant(store.open(), domu));
    },
  };
}
