import { ArgumentRangeError, ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { checkInteger, checkText, show } from "../../src/contract/checks.ts";
import { readOptions } from "../../src/contract/options.ts";
import { STORE_REQUESTS } from "../../src/contract/store_operations.ts";
import type { FaultRequest } from "./call.ts";
import { Rule, type Schedule } from "./rules.ts";
import type { SentRequest } from "./sent_request.ts";

/**
 * Which replies of XenStore are changed, and how: give one of `error`, `delay`, `bytes` and `disconnect`. The schedule
 * counts the requests that match `to` and `path`.
 */
export interface ReplyOptions extends Omit<Schedule, "part"> {
  /** Only replies to requests of this operation. Default is all requests. */
  to?: FaultRequest | undefined;
  /** Only replies to requests that name this path, written as the request has it. Default is all requests. */
  path?: string | undefined;
  /**
   * Refuses the request with an error of this name, as the daemon does: `"EAGAIN"`, `"ENOSPC"`. The daemon does not
   * receive the request; in place of the commit of a transaction, it receives its abort.
   */
  error?: string | undefined;
  /**
   * How many milliseconds later the reply arrives, 0 to 2,147,483,647, or `Infinity` if it never does. Other replies
   * and events overtake it.
   */
  delay?: number | undefined;
  /** The bytes that arrive in place of the reply: a message of your own with its header, or garbage. */
  bytes?: Uint8Array | undefined;
  /** Set to true to lose the connection in place of the reply. The daemon has carried the request out. */
  disconnect?: true | undefined;
}

const WHAT = "change replies";
/** The longest time that timers can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** A rule that changes replies of XenStore. */
export class ReplyChange extends Rule {
  readonly error: string | undefined;
  readonly delay: number | undefined;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly #to: FaultRequest | undefined;
  readonly #path: string | undefined;

  constructor(options: ReplyOptions, random: () => number, clear: () => void) {
    const names = ["to", "path", "nth", "times", "rate", "error", "delay", "bytes", "disconnect"] as const;
    const { to, path, error, delay, bytes, disconnect, ...schedule } = readOptions(WHAT, options, names);
    super(WHAT, "send", { ...schedule, part: "store" }, 1, random, clear);
    if (to !== undefined) checkOperation(to);
    if (path !== undefined) checkText(WHAT, "`path`", path);
    if (Object.values({ error, delay, bytes, disconnect }).filter((value) => value !== undefined).length !== 1) {
      throw new ArgumentTypeError(
        `Cannot ${WHAT} as one of \`error\`, \`delay\`, \`bytes\` and \`disconnect\` must be given`,
      );
    }
    if (error !== undefined) checkName(error);
    if (delay !== undefined && delay !== Infinity) {
      checkInteger(WHAT, "`delay`, if it is not Infinity,", delay, 0, LONGEST);
    }
    if (bytes !== undefined && !(bytes instanceof Uint8Array)) {
      throw new ArgumentTypeError(`Cannot ${WHAT} as \`bytes\` must be a Uint8Array: current value is ${show(bytes)}`);
    }
    if (disconnect !== undefined && disconnect !== true) {
      throw new ArgumentTypeError(
        `Cannot ${WHAT} as \`disconnect\` must be true or left out: current value is ${show(disconnect)}`,
      );
    }
    this.error = error;
    this.delay = delay;
    this.bytes = bytes && Uint8Array.from(bytes);
    this.#to = to;
    this.#path = path;
  }

  /** Whether the rule is due for the reply to a request. If so, call `happens()` or `release()`. */
  changes({ operation, path }: SentRequest): boolean {
    if (this.#to !== undefined && operation !== this.#to) return false;
    if (this.#path !== undefined && path !== this.#path) return false;
    return this.due("send", "store");
  }
}

function checkOperation(to: FaultRequest): void {
  if (STORE_REQUESTS.includes(to)) return;
  const names = STORE_REQUESTS.map((name) => `"${name}"`).join(", ");
  throw new ArgumentTypeError(`Cannot ${WHAT} as \`to\` must be one of ${names}: current value is ${show(to)}`);
}

/** Throws unless a value can be the name of a daemon's error. */
function checkName(error: string): void {
  checkText(WHAT, "`error`", error);
  if (/^E[A-Z0-9]+$/.test(error)) return;
  throw new ArgumentRangeError(
    `Cannot ${WHAT} as \`error\` must be the name of an error, such as "ENOSPC": current value is ${show(error)}`,
  );
}
