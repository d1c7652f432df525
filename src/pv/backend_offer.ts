import { PvError } from "./errors.ts";
import { NodeFollower } from "./node_follower.ts";
import type { PvCallOptions, PvWaitOptions } from "./options.ts";
import type { NodeValues } from "./own_nodes.ts";
import { namesOf, type Side } from "./side.ts";
import { isPvError } from "./side_errors.ts";
import { XenbusState } from "./xenbus_state.ts";

const { Initialising, InitWait, Initialised, Connected, Closing, Closed } = XenbusState;

/** States of a frontend that uses nothing of an earlier connection. */
export const AT_REST: readonly XenbusState[] = [Initialising, InitWait, Closed];

/** What ends an offer when the toolstack removes the device. */
const OFFLINE = Symbol("offline");

/** Whether a device is to be offered again: see {@linkcode BackendDevice.isOnline}. */
export async function isOnline(side: Side, options: PvCallOptions | undefined): Promise<boolean> {
  const signal = side.signalOf("look at", options);
  return await side.text("look at", "online", signal) === "1";
}

/** Offers a device until a frontend has published its ring: see {@linkcode BackendDevice.offer}. */
export async function offerBackend(side: Side, nodes: NodeValues, options: PvWaitOptions | undefined): Promise<void> {
  const what = "offer";
  let goal: readonly XenbusState[] = [Closed];
  const online = new NodeFollower(side.store, side.own, "online", (text) => text);
  // Nobody has to be waited for then.
  const asks = async (signal: AbortSignal): Promise<never> => {
    await online.until((text) => text === "0" && AT_REST.includes(side.peerState.value), signal);
    throw OFFLINE;
  };
  try {
    await side.patiently(what, options, Infinity, () => namesOf(goal), async (signal) => {
      const until = (...states: XenbusState[]) => {
        goal = states;
        return side.until(what, (state) => states.includes(state), signal, true, asks);
      };
      const follow = async () => {
        await side.change({ what, state: Closing, signal });
        await until(...AT_REST);
        await side.change({ what, state: Closed, signal });
      };
      if (side.state !== Initialising && !AT_REST.includes(side.state)) {
        // A program that was killed has left it. It has let go of everything, and answers nothing any more, so this
        // side skips `Closing`, in which a frontend would wait for answers.
        await side.change({ what, state: Closed, signal, takesOver: true });
        await until(...AT_REST);
      }
      for (;;) {
        if (side.state === Closed) {
          if (!await isOnline(side, { signal })) throw OFFLINE;
          await until(Initialising, InitWait, Initialised);
        }
        await side.change({ what, nodes, state: InitWait, signal, again: true });
        const state = await until(Initialised, Connected, Closing, Closed);
        if (state === Initialised || state === Connected) return;
        if (state === Closing) await follow();
        else await side.change({ what, state: Closed, signal });
      }
    });
  } catch (error) {
    const close = () => side.change({ what, state: Closed, signal: undefined });
    // Nothing of a frontend is in use yet, so this side may end at once.
    if (isPvError(error, "gone")) {
      try {
        await close();
      } catch {
        // That it is gone is what counts.
      }
    }
    if (error !== OFFLINE && !isPvError(error, "closing")) throw error;
    await close();
    const { device, path } = side.names;
    throw new PvError(`Cannot ${what} ${device}: the toolstack removes it, as ${path}/online is not 1.`, {
      code: "closing",
      operation: what,
    });
  } finally {
    online.close(undefined);
  }
}
