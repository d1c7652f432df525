import { startTimer, stopTimer } from "../contract/event_loop.ts";
import type { RingWriter } from "./ring_writer.ts";

/** How long the server has to read the first bytes before it gets another event, in milliseconds. Doubles each time. */
const FIRST_PAUSE = 100;
/** How often it gets one. The last pause is 3.2 seconds long. */
const KNOCKS = 6;

/**
 * Sends events to a server that this client has just joined, until it has read the first bytes.
 *
 * Xen's `vchan-socket-proxy` takes the next event for the client, and looks for bytes only after one more. If the client
 * has come and has written before the server runs, Xen makes one of both events, and both sides would wait for ever. To
 * a server that was only slow, one too many does no harm.
 *
 * @param notify Sends an event.
 * @param peerIsHere Whether the server is still there.
 * @returns A function that stops it. Call it before the memory is given back.
 */
export function knock(writer: RingWriter, notify: () => void, peerIsHere: () => boolean): () => void {
  let left = KNOCKS;
  let pause = FIRST_PAUSE;
  const again = () => {
    try {
      if (writer.wasRead || !peerIsHere()) return;
      if (writer.isUnread) notify();
    } catch {
      // The system fails, or the program of the mock was killed: whoever uses the connection learns it.
      return;
    }
    pause *= 2;
    if (--left > 0) timer = startTimer(again, pause);
  };
  let timer = startTimer(again, pause);
  return () => stopTimer(timer);
}
