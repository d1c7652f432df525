import { readErrorOptions } from "../contract/error_options.ts";

/**
 * What a {@linkcode PvError} is about. Codes are stable: a program may compare them.
 *
 * | code | what happened |
 * |---|---|
 * | `closed` | the device or the pool was closed here |
 * | `closing` | a side ends the connection, or has never begun one; or the toolstack removes the device |
 * | `gone` | the device is not there any more: the toolstack has removed it, or a domain has ended |
 * | `no-device` | there is no such device in XenStore |
 * | `protocol` | the other side broke the protocol |
 * | `taken` | another program drives the device; or there is one already, where one is to be made |
 * | `timed-out` | the other side has not done its part within the time that the caller gave |
 */
export type PvErrorCode = "closed" | "closing" | "gone" | "no-device" | "protocol" | "taken" | "timed-out";

/** What a {@linkcode PvError} carries besides its message. */
export interface PvErrorOptions extends ErrorOptions {
  /** What happened, for programs. */
  code: PvErrorCode;
  /** The operation that failed: "start", for example. */
  operation: string;
}

/**
 * A failure of a paravirtual device that a caller can handle. Invalid arguments throw a `TypeError` or a `RangeError`
 * instead, which `isArgumentError()` knows. What the grants, the event channels and XenStore refuse is a `GrantError`
 * or a `StoreError`.
 *
 * @example Tell a device that is missing from other failures
 * ```ts
 * import { FrontendDevice, PvError } from "@gntalloc/gntalloc/pv";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * try {
 *   await FrontendDevice.open(new MockXen().domain(1), "vbd", 51728);
 *   assert.fail("there is no disk");
 * } catch (error) {
 *   assert(error instanceof PvError);
 *   assert.equal(error.code, "no-device");
 * }
 * ```
 */
export class PvError extends Error {
  /** What happened, for programs. */
  readonly code: PvErrorCode;
  /** The operation that failed. */
  readonly operation: string;

  /**
   * Creates an error. Devices and rings throw these; applications catch them.
   *
   * @param message What failed and why, with the values and bounds, and what to do about it.
   * @param options The code and the operation; also the cause, if there is one.
   */
  constructor(message: string, options: PvErrorOptions) {
    const { given, cause } = readErrorOptions("PvError", options);
    const { code, operation } = given;
    super(message, cause);
    this.name = "PvError";
    this.code = code;
    this.operation = operation;
  }
}
