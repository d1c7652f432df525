/**
 * Steps of a sequence: requests to XenStore, as JSON.
 *
 * @module
 */

import { StoreMessage } from "../../src/contract/store_wire.ts";

/**
 * Who makes a request: domain 0 through the daemon's socket or the device, or another domain through its device. The
 * third domain is born and dies during a sequence.
 */
export type Who = "socket" | "device" | "domu" | "third";

/** The kinds of requests, by the names of their types. */
export type Op = Exclude<keyof typeof StoreMessage, "WATCH_EVENT" | "ERROR" | "RESET_WATCHES">;

/**
 * What happens to the third domain:
 *
 * - `CREATE`: domain 0 makes its home and introduces it, as xl does.
 * - `DESTROY`: domain 0 removes its home, as xl does, and Xen destroys it.
 * - `DISCONNECT`: domain 0 removes its home and releases it from the daemon, before Xen destroys it.
 */
export type Life = "CREATE" | "DESTROY" | "DISCONNECT";

/** A request, or something that happens to the third domain. Then `who` is `socket`, and the payload is empty. */
export interface Step {
  readonly who: Who;
  readonly op: Op | Life;
  /** The payload, in the notation of template.ts. */
  readonly payload: string;
  /** The number that later steps know a transaction by, if this step starts one. */
  readonly starts?: number;
  /** The number of the transaction of the request. One that was never started stands for an unknown transaction. */
  readonly transaction?: number;
}

/** A step that is a request. */
export interface Request extends Step {
  readonly op: Op;
}

/** Returns whether a step is a request. */
export function isRequest(step: Step): step is Request {
  return step.op in StoreMessage;
}

/**
 * What a step does, as text that can be compared: the reply, and the events that came to each connection, as in
 * `ok; device: /test/a token1`.
 */
export type Answer = string;

/** Returns steps as text, a line each, with the answers to some of them. */
export function printSteps(steps: readonly Step[], answers: readonly string[] = []): string {
  return steps.map((step, at) => {
    const answer = answers[at];
    return JSON.stringify(step) + (answer === undefined ? "" : ` // ${answer}`);
  }).join("\n");
}
