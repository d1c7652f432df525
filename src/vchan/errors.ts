import { readErrorOptions } from "../contract/error_options.ts";

/**
 * What a {@linkcode VchanError} is about. Codes are stable: a program may compare them.
 *
 * | code | what happened |
 * |---|---|
 * | `closed` | the connection or the server was closed here |
 * | `peer-closed` | the other side has closed the connection, or its program has ended |
 * | `peer-gone` | the domain of the other side is gone |
 * | `protocol` | the other side broke the protocol, or what the keys name is no channel |
 * | `stale` | what the keys name has ended: a server was killed, and left them behind |
 * | `replaced` | another server has published itself at the same path, or the nodes of this one were removed |
 * | `timed-out` | nobody came within the time that the caller gave |
 * | `failed` | the system refused what the connection needs: see `cause` |
 */
export type VchanErrorCode =
  | "closed"
  | "peer-closed"
  | "peer-gone"
  | "protocol"
  | "stale"
  | "replaced"
  | "timed-out"
  | "failed";

/** The operation in which a {@linkcode VchanError} was thrown. */
export type VchanOperation = "listen" | "connect" | "accept" | "read" | "write" | "send" | "receive" | "flush";

/** What a {@linkcode VchanError} carries besides its message. */
export interface VchanErrorOptions extends ErrorOptions {
  /** What happened, for programs. */
  code: VchanErrorCode;
  /** The operation that failed. */
  operation: VchanOperation;
}

/**
 * A failure of a channel that a caller can handle. Invalid arguments throw a `TypeError` or a `RangeError` instead,
 * which `isArgumentError()` knows. What the grants, the event channels and XenStore refuse is a `GrantError`
 * or a `StoreError`.
 *
 * @example Tell the end of the other side from other failures
 * ```ts
 * import { Vchan, VchanError, VchanServer } from "@gntalloc/gntalloc/vchan";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "demo" });
 * using client = await Vchan.connect(xen.domain(0), 1, { path: "demo" });
 * const connection = await server.accept();
 * connection.close();
 * try {
 *   await client.write(Uint8Array.of(1));
 *   assert.fail("nobody will read it");
 * } catch (error) {
 *   assert(error instanceof VchanError);
 *   assert.equal(error.code, "peer-closed");
 * }
 * ```
 */
export class VchanError extends Error {
  /** What happened, for programs. */
  readonly code: VchanErrorCode;
  /** The operation that failed. */
  readonly operation: VchanOperation;

  /**
   * Creates an error. Channels throw these; applications catch them.
   *
   * @param message What failed and why, with the values and bounds, and what to do about it.
   * @param options The code and the operation; also the cause, if there is one.
   */
  constructor(message: string, options: VchanErrorOptions) {
    const { given, cause } = readErrorOptions("VchanError", options);
    const { code, operation } = given;
    super(message, cause);
    this.name = "VchanError";
    this.code = code;
    this.operation = operation;
  }
}
