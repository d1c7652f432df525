import type { PvWaitOptions } from "./options.ts";
import type { NodeValues } from "./own_nodes.ts";
import { DANCE_TIMEOUT, type Side } from "./side.ts";
import { nameOf, XenbusState } from "./xenbus_state.ts";

const { Initialising, InitWait, Closing, Closed, Unknown } = XenbusState;

/** Brings both sides to the beginning: see {@linkcode FrontendDevice.start}. */
export async function startFrontend(side: Side, options: PvWaitOptions | undefined): Promise<void> {
  const what = "start";
  let goal: XenbusState = InitWait;
  await side.patiently(what, options, DANCE_TIMEOUT, () => nameOf(goal), async (signal) => {
    const until = (...states: XenbusState[]) => {
      goal = states[0]!;
      return side.until(what, (state) => states.includes(state), signal, true);
    };
    const state = await side.until(what, (state) => state !== Unknown, signal);
    const isFresh = state === Initialising || (state === InitWait && side.state === Initialising);
    // A backend that is still connected takes no new connection, and waits for the end of the old one.
    const takeOver = (state: XenbusState, nodes?: NodeValues) =>
      side.change({ what, state, nodes, signal, takesOver: true });
    if (state !== Closed && !isFresh) {
      await takeOver(Closing);
      await until(Closing, Closed);
      await takeOver(Closed);
      await until(Closed);
    }
    // Only now, as the backend may see two changes as one.
    await takeOver(Initialising, side.removal);
    await until(InitWait);
  });
}

/**
 * Ends the connection: see {@linkcode FrontendDevice.end}.
 *
 * @param isBegun Whether this program has begun one. Otherwise, nothing is done.
 */
export async function endFrontend(side: Side, isBegun: boolean, options: PvWaitOptions | undefined): Promise<void> {
  const what = "end";
  let goal: XenbusState = Closing;
  await side.patiently(what, options, DANCE_TIMEOUT, () => nameOf(goal), async (signal) => {
    if (!isBegun) return;
    const until = async (...states: XenbusState[]) => {
      goal = states[0]!;
      await side.until(what, (state) => states.includes(state), signal, true);
    };
    await side.unlessGone(async () => {
      await side.change({ what, state: Closing, signal });
      await until(Closing, Closed);
      // The next driver may not write all of them, and its backend would then read those of this program.
      await side.change({ what, state: Closed, nodes: side.removal, signal });
      await until(Closed);
    });
  });
}
