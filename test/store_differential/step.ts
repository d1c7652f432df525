/**
 * Steps of a sequence: requests to XenStore, as JSON.
 *
 * @module
 */

import type { StoreMessage } from "../../src/contract/store_wire.ts";

/** Who makes a request: domain 0 through the daemon's socket or the device, or another domain through its device. */
export type Who = "socket" | "device" | "domu";

/** The kinds of requests, by the names of their types. */
export type Op = Exclude<
  keyof typeof StoreMessage,
  "WATCH_EVENT" | "ERROR" | "INTRODUCE" | "RELEASE" | "RESUME" | "SET_TARGET" | "RESET_WATCHES"
>;

/** A request. */
export interface Step {
  readonly who: Who;
  readonly op: Op;
  /** The payload, in the notation of template.ts. */
  readonly payload: string;
  /** The number that later steps know a transaction by, if this step starts one. */
  readonly starts?: number;
  /** The number of the transaction of the request. One that was never started stands for an unknown transaction. */
  readonly transaction?: number;
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
