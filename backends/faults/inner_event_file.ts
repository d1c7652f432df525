import type { EventFile } from "../../src/contract/backend.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import type { Call } from "../intercept/calls.ts";
import { InnerFile } from "./inner_file.ts";
import type { Steps } from "./injector.ts";

/** An open file of the inner backend of event channels. */
export class InnerEventFile extends InnerFile {
  /** Ports whose events the inner backend has returned, although the caller was told that the call failed. */
  #taken: number[] = [];
  /** Ports that are unbound for the caller, and still bound in the inner backend. */
  readonly #stillBound = new Set<number>();

  override steps(call: Call, proceed: () => unknown): Steps<unknown> {
    switch (call.name) {
      case "EventFile.bindUnbound":
      case "EventFile.bindInterdomain":
      case "EventFile.bindVirq":
        return { act: proceed, undo: (port) => call.target.unbind(port as number) };
      case "EventFile.pending":
        return {
          act: () => this.#pending(call.target),
          // The ports are masked: no later call would name them again.
          undo: (ports) => {
            if (Array.isArray(ports)) this.#taken = [...ports];
          },
        };
      case "EventFile.whenPending":
        return {
          act: () => this.#taken.length > 0 ? callLater(call.args.callback) : proceed(),
          undo: (stop) => (stop as () => void)(),
        };
      case "EventFile.reset":
        return {
          act: () => {
            this.#taken = [];
            return proceed();
          },
        };
      case "EventFile.unbind":
        return this.#unbind(call.args.port, proceed);
      default:
        // A `notify` that fails after it was done cannot be undone: the other end gets one event too many.
        return super.steps(call, proceed);
    }
  }

  #pending(file: EventFile): readonly number[] {
    const ports = file.pending();
    // Returned as it is, even if it breaks the contract, because the caller refuses it then.
    if (!Array.isArray(ports) || this.#taken.length + this.#stillBound.size === 0) return ports;
    const all = [...this.#taken, ...ports].filter((port) => !this.#stillBound.has(port));
    this.#taken = [];
    return all;
  }

  #unbind(port: number, unbind: () => void): Steps<unknown> {
    this.#taken = this.#taken.filter((taken) => taken !== port);
    return {
      act: unbind,
      skipped: () => {
        this.#stillBound.add(port);
        this.releaseLater(() => {
          this.#stillBound.delete(port);
          unbind();
        });
      },
    };
  }
}

/** Calls back once the caller is done, unless it is stopped. */
function callLater(callback: () => void): () => void {
  let waiting = true;
  nextTurn(() => {
    if (!waiting) return;
    waiting = false;
    callback();
  });
  return () => {
    waiting = false;
  };
}
