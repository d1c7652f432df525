/** Files of event channels for tests, and helpers for their waits. */
import type { EventFile } from "../../src/contract/backend.ts";
import { type EventChannel, EventChannels, GrantError } from "../../mod.ts";

/** Makes a file that does nothing, with some methods replaced. Its ports count up from 1. */
export function eventFile(replaced: Partial<EventFile> = {}): EventFile {
  let port = 0;
  return {
    bindUnbound: () => ++port,
    bindInterdomain: () => ++port,
    bindVirq: () => ++port,
    notify() {},
    pending: () => [],
    unmask() {},
    whenPending: () => () => {},
    reset() {},
    unbind() {},
    close() {},
    ...replaced,
  };
}

/** Makes event channels on such a file. */
export function on(replaced: Partial<EventFile>): EventChannels {
  return new EventChannels({ events: { name: "hostile", open: () => eventFile(replaced) } });
}

/** A file that a test drives by hand: `fire` is the callback of the wait under way. */
export class Driven {
  ports: number[] = [];
  fire: (() => void) | undefined;
  readonly calls: string[] = [];
  readonly file: EventFile = eventFile({
    pending: () => {
      this.calls.push("pending");
      return this.ports.splice(0);
    },
    unmask: (port) => void this.calls.push(`unmask ${port}`),
    whenPending: (callback) => {
      this.calls.push("wait");
      this.fire = callback;
      return () => {
        this.calls.push("stop");
        this.fire = undefined;
      };
    },
    reset: () => void this.calls.push("reset"),
    unbind: (port) => void this.calls.push(`unbind ${port}`),
    close: () => void this.calls.push("close"),
  });
  readonly events = new EventChannels({ events: { name: "driven", open: () => this.file } });
  readonly channel: EventChannel = this.events.bindUnbound(0);

  /** Makes events arrive on some ports. */
  come(...ports: number[]): void {
    this.ports.push(...ports);
    this.fire!();
  }
}

/** The state of a promise, once the microtasks that are due have run: "waiting", "done", or why it was rejected. */
export async function state(promise: Promise<unknown>): Promise<unknown> {
  let result: unknown = "waiting";
  promise.then(() => result = "done", (error) => result = error instanceof GrantError ? error.code : error);
  await turn();
  return result;
}

/** Waits for a turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
