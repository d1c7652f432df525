import type { StoreConnection } from "../../src/contract/backend.ts";
import type { Call } from "../intercept/calls.ts";
import { ChangedStream } from "./changed_stream.ts";
import { InnerFile } from "./inner_file.ts";
import type { Injector, Steps } from "./injector.ts";
import { sentRequest } from "./sent_request.ts";

/** A connection to XenStore, of the inner backend. */
export class InnerStoreConnection extends InnerFile {
  readonly #stream: ChangedStream;

  constructor(injector: Injector, connection: unknown) {
    super(injector);
    this.#stream = new ChangedStream(connection as StoreConnection, injector.splits);
    injector.streams.add(this.#stream);
  }

  override steps(call: Call, proceed: () => unknown): Steps<unknown> {
    switch (call.name) {
      case "StoreConnection.send": {
        const { message } = call.args;
        // A request that fails after it was sent cannot be undone: its reply comes.
        return { act: () => this.#send(message) };
      }
      case "StoreConnection.receive": {
        const { bytes } = call.args;
        return {
          act: () => this.#stream.receive(bytes),
          undo: (count) => this.#stream.putBack(bytes.subarray(0, count as number)),
        };
      }
      case "StoreConnection.whenReadable":
        return {
          act: () => this.#stream.whenReadable(call.args.callback),
          undo: (stop) => (stop as () => void)(),
        };
      case "StoreConnection.close":
        this.#stream.end();
        this.injector.streams.delete(this.#stream);
    }
    return super.steps(call, proceed);
  }

  #send(message: Uint8Array<ArrayBuffer>): void {
    const request = sentRequest(message);
    // Each rule counts the requests, even if another one is chosen.
    const [chosen, ...others] = [...this.injector.changes].filter((change) => change.changes(request));
    for (const other of others) other.release();
    try {
      this.#stream.send(message, request, chosen);
    } catch (error) {
      chosen?.release();
      throw error;
    }
    if (chosen === undefined) return;
    chosen.happens();
    this.injector.count("send", "store").injected++;
  }
}
