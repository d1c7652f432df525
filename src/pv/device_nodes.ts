import { ArgumentRangeError } from "../contract/argument_error.ts";
import { isStoreError } from "../contract/store_errors.ts";
import { checkInteger, checkText, show } from "../contract/checks.ts";
import { showAs } from "../shared/inspection.ts";
import { readSignal } from "../xenstore/abort.ts";
import type { StoreTransaction } from "../xenstore/store_transaction.ts";
import type { PvCallOptions } from "./options.ts";
import { PvError } from "./errors.ts";

/** Makes the nodes of a device. A function, because users shall not. */
export let makeNodes: (store: Pick<StoreTransaction, "readText">, path: string) => DeviceNodes;

/** What can name a node of a device: names joined by `/`. */
const NAME = /^[A-Za-z0-9_@-]+(\/[A-Za-z0-9_@-]+)*$/;

/** The nodes of one side of a device in XenStore: what it offers, or has published. */
export class DeviceNodes {
  static {
    makeNodes = (store, path) => new DeviceNodes(store, path);
    showAs(DeviceNodes, "DeviceNodes", (nodes) => ({ path: nodes.#path }));
  }

  readonly #store: Pick<StoreTransaction, "readText">;
  readonly #path: string;

  private constructor(store: Pick<StoreTransaction, "readText">, path: string) {
    this.#store = store;
    this.#path = path;
  }

  /** The folder of the nodes: an absolute path. */
  get path(): string {
    return this.#path;
  }

  /**
   * Reads a node as text.
   *
   * @param name The node, such as `mode` or `queue-0/ring-ref`.
   * @param options A signal that gives the call up.
   * @returns Its value; `undefined` if it is not there, or not readable.
   * @throws {TypeError} or {RangeError} if the name is wrong.
   * @throws {StoreError} as any request.
   */
  async text(name: string, options?: PvCallOptions): Promise<string | undefined> {
    const signal = readSignal("read", options);
    checkName("read", name);
    try {
      return await this.#store.readText(`${this.#path}/${name}`, { signal });
    } catch (error) {
      if (isStoreError(error, "not-found", "denied")) return undefined;
      throw error;
    }
  }

  /**
   * Reads a node as a number.
   *
   * @param name The node, such as `sectors`.
   * @param fallback What it counts as if it is not there. Without it, the node must be there.
   * @param options A signal that gives the call up.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {PvError} `protocol` if the value is not a whole number from 0 to 2⁵³ − 1, or the node must be there and is
   * not; `gone` if that is because there is not even a state: the folder was removed.
   * @throws {StoreError} as any request.
   */
  async number(name: string, fallback?: number, options?: PvCallOptions): Promise<number> {
    if (fallback !== undefined) checkInteger("read", "`fallback`", fallback, 0, Number.MAX_SAFE_INTEGER);
    const text = await this.text(name, options);
    if (text === undefined && fallback !== undefined) return fallback;
    const number = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (number <= Number.MAX_SAFE_INTEGER) return number;
    if (text === undefined && await this.text("state", options) === undefined) throw removedError(this.#path);
    throw new PvError(
      `Cannot read ${this.#path}/${name}: it must be a whole number, and ${
        text === undefined ? "is not there" : `is ${show(text)}`
      }. See what the other side has written.`,
      { code: "protocol", operation: "read" },
    );
  }
}

/** Throws unless a value can name a node of a device. */
export function checkName(what: string, name: unknown): asserts name is string {
  checkText(what, "the name of a node", name as string);
  if (NAME.test(name as string)) return;
  throw new ArgumentRangeError(
    `Cannot ${what} as the name of a node must be names joined by \`/\`, of the characters A-Z, a-z, 0-9, -, _ and ` +
      `@: current value is ${show(name)}`,
  );
}

function removedError(path: string): PvError {
  return new PvError(
    `Cannot read ${path}: the folder is not there any more. The toolstack has removed the device, or a domain has ended.`,
    { code: "gone", operation: "read" },
  );
}
