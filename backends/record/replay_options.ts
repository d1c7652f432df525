import { ArgumentTypeError } from "../../src/contract/argument_error.ts";
import { checkDomid, checkFlag, checkOptions, checkPort, show } from "../../src/contract/checks.ts";
import type { XenDomain } from "../../src/contract/backend.ts";
import { checkPlainObject, readOptions } from "../../src/contract/options.ts";
import { readParts } from "../intercept/intercept.ts";
import { checkSynchronous } from "../intercept/synchronous.ts";
import type { ReplayTarget } from "./replay_context.ts";

/** Where a trace is replayed, and how. */
export interface ReplayOptions {
  /**
   * The domains that stand for the recorded ones, in the order in which they were recorded. Each needs the parts that
   * the trace uses.
   */
  domains: readonly Partial<XenDomain>[];
  /**
   * The number of the granter's domain in the trace. Needed only if the peer maps pages of other domains too: their
   * references stay as they are.
   */
  granter?: number | undefined;
  /**
   * The domain numbers to use in place of those in the trace, where they differ: `{ 5: 1 }` uses domain 1 in place of
   * 5.
   */
  domids?: Readonly<Record<number, number>> | undefined;
  /**
   * The ports to use in place of those of domains that are not in the trace: `{ 17: 3 }` binds to port 3 in place of
   * 17.
   */
  remotePorts?: Readonly<Record<number, number>> | undefined;
  /**
   * Has the other end of a port send an event. Called with a port of this replay on which an event arrived in the
   * recording but not here, because its sender is not in the trace. Without this function such an event is a
   * difference. It must have sent the event when it returns, so it must not be asynchronous.
   */
  send?: ((port: number) => void) | undefined;
  /** Whether errors must have the same `errno` as well as the same code. Default is false. */
  errno?: boolean | undefined;
  /**
   * Handlers for marks, by name: for example, one that changes the system's limit. Other marks are skipped. A
   * handler must be done when it returns.
   */
  marks?: Readonly<Record<string, (value: unknown) => void>> | undefined;
}

/** Options that were read. */
export interface ReadReplayOptions extends ReplayTarget {
  readonly errno: boolean;
  readonly marks: ReadonlyMap<string, (value: unknown) => void>;
}

const WHAT = "replay";
const NAMES = ["domains", "granter", "domids", "remotePorts", "send", "errno", "marks"] as const;

/** Reads the options of a replay once, and checks them. */
export function readReplayOptions(options: ReplayOptions): ReadReplayOptions {
  const { domains, granter, domids, remotePorts, send, errno = false, marks } = readOptions(WHAT, options, NAMES);
  if (granter !== undefined) checkDomid(WHAT, granter, "`granter`");
  checkFlag(WHAT, "`errno`", errno);
  return {
    domains: readDomains(domains),
    granter,
    domids: readNumbers("`domids`", domids, (name, domid) => checkDomid(WHAT, domid, name)),
    remotePorts: readNumbers("`remotePorts`", remotePorts, (name, port) => checkPort(WHAT, name, port)),
    send: send === undefined ? undefined : synchronous("`send`", send),
    errno,
    marks: readMarks(marks),
  };
}

function readDomains(domains: unknown): Partial<XenDomain>[] {
  if (!Array.isArray(domains)) {
    throw new ArgumentTypeError(
      `Cannot ${WHAT} as \`domains\` must be an array, with a domain for each recorded one: current value is ${
        show(domains)
      }`,
    );
  }
  return Array.from(domains, (domain, index) => {
    const name = `\`domains[${index}]\``;
    checkOptions(WHAT, domain, name);
    return readParts(WHAT, domain, name);
  });
}

/** Reads an object of numbers by numbers: `{ 5: 1 }`. */
function readNumbers(
  name: string,
  numbers: unknown,
  check: (name: string, value: unknown) => void,
): Map<number, number> {
  const read = new Map<number, number>();
  if (numbers === undefined) return read;
  checkPlainObject(WHAT, numbers, name);
  for (const [key, value] of Object.entries(numbers)) {
    check(`a key of ${name}`, /^\d+$/.test(key) ? Number(key) : key);
    check(`a value of ${name}`, value);
    read.set(Number(key), value);
  }
  return read;
}

function readMarks(marks: unknown): Map<string, (value: unknown) => void> {
  const read = new Map<string, (value: unknown) => void>();
  if (marks === undefined) return read;
  checkPlainObject(WHAT, marks, "`marks`");
  for (const [mark, handle] of Object.entries(marks)) {
    read.set(mark, synchronous(`the handler of the mark ${show(mark)}`, handle));
  }
  return read;
}

/** Wraps a callback so that it throws if it returns a promise. */
function synchronous<Value>(name: string, callback: unknown): (value: Value) => void {
  if (typeof callback !== "function") {
    throw new ArgumentTypeError(`Cannot ${WHAT} as ${name} must be a function: current value is ${show(callback)}`);
  }
  return (value) => checkSynchronous(WHAT, name, callback(value));
}
