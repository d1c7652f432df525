/**
 * What a {@linkcode BlockError} is about.
 *
 * | code | what happened |
 * |---|---|
 * | `io` | the backend could not do what was asked |
 * | `unsupported` | the backend cannot do such a thing |
 * | `read-only` | the disk cannot be written |
 * | `closed` | the disk was detached here |
 * | `detached` | the backend has ended the connection, or the device is gone |
 * | `protocol` | the backend broke the protocol; the disk is not used any more |
 * | `failed` | the system failed what the disk needs: see `cause` |
 */
export type BlockErrorCode = "io" | "unsupported" | "read-only" | "closed" | "detached" | "protocol" | "failed";

/** A failure of a disk that a caller can handle. */
export class BlockError extends Error {
  override readonly name = "BlockError";
  readonly code: BlockErrorCode;

  constructor(code: BlockErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Why a disk is not attached any more. */
export interface BlockEnding {
  readonly reason: "closed" | "detached" | "protocol" | "failed";
  /** What went wrong, perhaps only during the end: a backend that does not follow, for example. */
  readonly cause?: unknown;
}
