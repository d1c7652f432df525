import { WaitIterator } from "../shared/wait_iterator.ts";
import type { Side } from "./side.ts";
import { XenbusState } from "./xenbus_state.ts";

const { Unknown } = XenbusState;

/** Iterates over the states of the other side, from the current one on. */
export function stateChanges(side: Side): AsyncIterableIterator<XenbusState> {
  const { peerState } = side;
  /** How many looks there were when the last value was returned. */
  let looks = 0;
  let isOver = false;
  return new WaitIterator(async (signal) => {
    if (isOver) return null;
    try {
      // Or until the folder of this side is removed, which is the end of the device, too.
      const state = await side.until("follow", (state) => state === Unknown || peerState.looks !== looks, signal, true);
      looks = peerState.looks;
      isOver = state === Unknown;
      return state;
    } catch (error) {
      if (side.closed) return null;
      throw error;
    }
  });
}
