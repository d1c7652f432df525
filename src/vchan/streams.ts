import { nextTurn } from "../contract/event_loop.ts";
import type { Incoming } from "./incoming.ts";
import type { Life } from "./life.ts";
import type { Outgoing } from "./outgoing.ts";

/** The bytes of the other side as a stream. It ends when the other side has left and everything was read. */
export function readableOf(incoming: Incoming, life: Life): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stop = new AbortController();
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const request = controller.byobRequest;
      const view = request?.view;
      if (request && view) {
        const target = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        const count = await incoming.read(target, stop.signal);
        if (count !== null) return request.respond(count);
      } else {
        const chunk = await incoming.chunk(stop.signal);
        if (chunk !== null) return controller.enqueue(chunk);
      }
      controller.close();
      // Looked up again: a reader with its own buffer may have taken the place of one without, and would wait for ever.
      controller.byobRequest?.respond(0);
    },
    cancel(reason) {
      stop.abort(reason);
      life.close();
    },
  });
}

/**
 * A stream of bytes to the other side. When it is closed or aborted, the connection is closed; when the connection has
 * ended otherwise, the stream fails, so that whoever waits for something to write is told.
 */
export function writableOf(outgoing: Outgoing, life: Life): WritableStream<Uint8Array> {
  let isEnded = false;
  const end = () => {
    isEnded = true;
    life.close();
  };
  return new WritableStream({
    start(controller) {
      life.closed.then(() => {
        // In a later turn: what is piped from `readable` ends first, and closes this stream.
        nextTurn(() => {
          if (!isEnded) controller.error(life.error("write"));
        });
      });
    },
    write: (bytes, { signal }) => outgoing.write(bytes, signal),
    close: end,
    abort: end,
  });
}
