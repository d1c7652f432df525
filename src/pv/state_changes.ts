import { WaitIterator } from "../shared/wait_iterator.ts";
import type { Side } from "./side.ts";
import { XenbusState } from "./xenbus_state.ts";

/** Iterates over the states of the other side, from the current one on. */
export function stateChanges(side: Side): AsyncIterableIterator<XenbusState> {
  const { peerState } = side;
  /** How many looks there were when the last value was returned. */
  let looks = 0;
  let isOver = false;
  return new WaitIterator(async (signal) => {
    if (isOver) return null;
    try {
      if (peerState.looks === looks) await peerState.next(signal);
    } catch (error) {
      if (side.closed) return null;
      throw error;
    }
    looks = peerState.looks;
    // Nothing follows the end of the device.
    isOver = peerState.value === XenbusState.Unknown;
    return peerState.value;
  });
}
