/**
 * The errors by which the daemon refuses, and those of a connection that has ended.
 *
 * @module
 */
import { show } from "../contract/checks.ts";
import { sentence } from "../contract/messages.ts";
import { isStoreError, StoreError, type StoreErrorCode, type StoreOperation } from "../contract/store_errors.ts";
import { describe, type Subject } from "./subject.ts";

/** The codes of the daemon's names. Others are `refused`. */
const CODES: ReadonlyMap<string, StoreErrorCode> = new Map([
  ["EACCES", "denied"],
  ["EPERM", "denied"],
  ["ENOENT", "not-found"],
  ["EEXIST", "exists"],
  ["EAGAIN", "conflict"],
  ["EINVAL", "invalid"],
  ["ENOSYS", "unsupported"],
  ["EOPNOTSUPP", "unsupported"],
  ["ENOSPC", "quota"],
  ["E2BIG", "quota"],
  ["ENOMEM", "quota"],
  // oxenstored's own.
  ["EQUOTA", "quota"],
]);

/** Why something was refused, and what to do. */
type Explanation = readonly [reason: string, wayOut: string];

const GRANT = "have its owner set that right with `setPermissions`";

/** What it means that an operation is denied. */
const DENIED: Partial<Record<StoreOperation, Explanation>> = {
  "write": [
    "this domain lacks the right to write it, or to create it below the nearest node that exists",
    `Write below \`data\` in the home of this domain, or ${GRANT}`,
  ],
  "make": [
    "this domain lacks the right to write to the nearest node that exists",
    `Make it below \`data\` in the home of this domain, or ${GRANT}`,
  ],
  "remove": ["this domain lacks the right to write it", `Leave it to its owner, or ${GRANT}`],
  "set permissions": [
    "only the owner of a node may do that, and only domain 0 may change the owner",
    "Have the owner do it",
  ],
  "ask for a domain": [
    "only a privileged domain, such as domain 0, may ask",
    "Instead, wait for the removal of a node that the other domain owns",
  ],
};
const DENIED_READING: Explanation = [
  "this domain lacks the right to read it",
  `In your own home, ${GRANT}. Below another domain, it may also not be there yet: \`waitFor\` waits for both`,
];

/** What it means that something is not there, where that is not only the node. */
const NOT_FOUND: Partial<Record<StoreOperation, Explanation>> = {
  "remove": ["there is no node above it", "Check the path"],
  "set permissions": [
    "there is no such node, or no such domain as its permissions name",
    "Write the node first, name its owner in the first entry, and only domains that run",
  ],
};

/** Which quota may be reached. */
const QUOTAS: Partial<Record<StoreOperation, Explanation>> = {
  "write": [
    "the domain has as many nodes as it may (usually 1000), or the node, or the one above a new node, has more bytes " +
    "(usually 2047, with its permissions and the names below it)",
    "Remove nodes, spread them over folders, or write a shorter value",
  ],
  "make": [
    "the domain has as many nodes as it may (usually 1000), or the node above has more bytes (usually 2047, with its " +
    "permissions and the names below it)",
    "Remove nodes, or spread them over folders",
  ],
  "set permissions": [
    "the node would have more permissions (usually 5) or more bytes (usually 2047) than it may",
    "Set fewer permissions",
  ],
  "watch": [
    "the domain has as many watches as it may (usually 101 or 129), those of all its programs together",
    "Close watches",
  ],
  "start a transaction": [
    "the domain has as many open transactions as it may (usually 11), those of all its programs together",
    "End others first",
  ],
  "end a transaction": [
    "it touched more nodes than it may (usually 1024), or something in it was refused",
    "Touch fewer nodes",
  ],
};
const OTHER_QUOTA: Explanation = ["a quota of this domain is reached", "Use less, or have domain 0 raise it"];

/** The daemon's refusal of a request. */
export function refused(subject: Subject, name: string): StoreError {
  const { operation, path } = subject;
  const code = CODES.get(name) ?? "refused";
  const [reason, wayOut] = explain(code, operation);
  return new StoreError(`Cannot ${describe(subject)}: ${reason} (${name}). ${wayOut}.`, {
    code,
    operation,
    path,
    reason: name,
  });
}

function explain(code: StoreErrorCode, operation: StoreOperation): Explanation {
  switch (code) {
    case "denied":
      return DENIED[operation] ?? DENIED_READING;
    case "not-found":
      return operation === "end a transaction"
        ? ["the daemon does not know it", "Run it again"]
        : NOT_FOUND[operation] ?? ["there is no such node", "Write it first, or wait for it with `waitFor`"];
    case "exists":
      return ["it exists already", "Use what exists, or end it first"];
    case "conflict":
      return ["it conflicted with other changes", "Try again"];
    case "invalid":
      // Linux takes the name that oxenstored gives its quotas for this one.
      return operation === "watch"
        ? [
          "the daemon calls the request invalid, or the domain has as many watches as oxenstored allows (usually 101)",
          "Check the path, or close watches",
        ]
        : ["the daemon calls the request invalid", "Check the path and the values"];
    case "unsupported":
      return operation === "list"
        ? [
          "its names have more than 4096 bytes, and this daemon sends no parts of a list",
          "Use fewer or shorter names",
        ]
        : ["this daemon cannot do it", "Do without, or use a newer daemon"];
    case "quota":
      return QUOTAS[operation] ?? OTHER_QUOTA;
    default:
      return ["the daemon refused", "Look into the daemon's log"];
  }
}

/** Why a connection has ended. */
export interface Ending {
  readonly code: "closed" | "disconnected";
  /** Why, for messages: with a way out, if it has one. */
  readonly reason: string;
  readonly cause?: unknown;
}

/** The end of a connection that was closed here. */
export const CLOSED: Ending = { code: "closed", reason: "the XenStore was closed. Open another one" };

/** The end of a connection that has failed. */
export function failed(error: unknown, backend: string): Ending {
  const message = error instanceof Error ? error.message : show(error);
  const code = isStoreError(error, "closed") ? "closed" : "disconnected";
  const reason = (error instanceof StoreError ? reasonIn(message) : undefined) ??
    `the connection to ${backend} is lost: ${sentence(message)} Open another one`;
  return { code, reason, cause: error };
}

/** The reason and the way out in the message of a StoreError, "Cannot X: reason. Way out."; `undefined` in others. */
function reasonIn(message: string): string | undefined {
  return /^Cannot [^:]+: (.+)$/s.exec(message)?.[1];
}

/** The error of an operation whose connection has ended. */
export function ended(subject: Subject, { code, reason, cause }: Ending): StoreError {
  const { operation, path } = subject;
  return new StoreError(sentence(`Cannot ${describe(subject)}: ${reason}`), {
    code,
    operation,
    path,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error of a request that was not answered in time. */
export function timedOut(subject: Subject, timeout: number): StoreError {
  const { operation, path } = subject;
  const doubt = operation === "end a transaction" ? " Whether it was committed is unknown." : "";
  return new StoreError(
    `Cannot ${describe(subject)}: the daemon has not answered within ${timeout} ms.${doubt} ` +
      "See whether it runs and whether this domain is over a quota, or raise `timeout`.",
    { code: "timed-out", operation, path },
  );
}

/** The error of a request that was not sent, because the daemon did not answer those before it in time. */
export function notSent(subject: Subject, timeout: number): StoreError {
  const { operation, path } = subject;
  return new StoreError(
    `Cannot ${describe(subject)}: it was not sent, because the daemon has not answered earlier requests within ` +
      `${timeout} ms. Open another XenStore, as this one sends nothing until they are answered, or raise \`timeout\`.`,
    { code: "timed-out", operation, path },
  );
}
