import { checkBackend, checkInteger } from "../contract/checks.ts";
import { LONGEST_DELAY } from "../contract/event_loop.ts";
import { readOptions } from "../contract/options.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import type { StoreBackend } from "../contract/store_backend.ts";
import { isStoreError } from "../contract/store_errors.ts";
import { showAs } from "../shared/inspection.ts";
import type { StoreRequestOptions } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { domainPath, isIntroduced } from "./domains.ts";
import type { StoreValue } from "./encoder.ts";
import { Nodes } from "./nodes.ts";
import { connect } from "./opening.ts";
import type { StorePermission } from "./permissions.ts";
import { CLOSED, ended } from "./refusals.ts";
import type { StoreTransaction } from "./store_transaction.ts";
import { type StoreTransactionOptions, transact, turnsTaken } from "./transaction.ts";
import { Turns } from "./turns.ts";
import { type StoreWaitOptions, waitForRemoval, waitForValue } from "./waiting.ts";
import { type StoreWatch, Watch } from "./watch.ts";

/** How to open XenStore. */
export interface StoreOptions {
  /**
   * How long the daemon may take for each answer, in milliseconds: a whole number from 1 to 2,147,483,647. A request
   * that takes longer fails with `timed-out`; the limit may be exceeded by an eighth and some milliseconds. The time begins when the request is
   * sent. One that still waits to be sent fails, too, once the daemon has answered nothing for that long. Waiting for
   * an event has no limit.
   *
   * It cannot limit the beginning and the end of a watch through Linux's device: in both, the kernel blocks the whole
   * thread until the daemon has answered. Where that matters, watch in a worker, or through the socket.
   *
   * @default {10000}
   */
  timeout?: number | undefined;
  /** Gives up opening when it is aborted. It has no effect later. */
  signal?: AbortSignal | undefined;
}

/**
 * A connection to XenStore, the tree of small values by which domains find each other.
 *
 * Paths are absolute (`/local/domain/1/data`) or relative to the home of this domain (`data`). Values are bytes; text
 * is in UTF-8. Requests are carried out in the order of the calls. Through a socket, up to 16 are
 * sent before the first is answered; through the device, one.
 *
 * Every failure of a call that returns a promise rejects it: a `TypeError` or a `RangeError` for a bad argument, before anything is sent;
 * otherwise a {@linkcode StoreError}. Those that any request may have are `denied`, `timed-out`, `disconnected` and
 * `closed`; an aborted signal rejects with its reason. A request or a wait keeps the program alive; an open XenStore
 * does not.
 *
 * @example Publish a value, and read it
 * ```ts
 * import { XenStore } from "@gntalloc/gntalloc/xenstore";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * using store = await XenStore.open(xen.domain(1));
 * await store.write("data/port", 7);
 *
 * using other = await XenStore.open(xen.domain(0));
 * assert.equal(await other.readNumber("/local/domain/1/data/port"), 7);
 * ```
 */
export class XenStore implements StoreTransaction, Disposable {
  static {
    showAs(XenStore, "XenStore", (store) => ({
      backend: store.#connection.name,
      closed: store.closed,
      requests: store.#connection.pending,
    }));
  }

  readonly #connection: Connection;
  readonly #nodes: Nodes;
  readonly #turns: Turns;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#nodes = new Nodes(connection, { transaction: 0 });
    this.#turns = new Turns(connection.timeout, () => turnsTaken(connection.timeout));
    connection.onEnd((ending) => this.#turns.fail(() => ended({ operation: "start a transaction" }, ending)));
  }

  /**
   * Opens XenStore, and waits until the daemon has answered once.
   *
   * @param domain The domain that the program runs in.
   * @param options The time limit of requests, and a signal.
   * @throws {TypeError} if the domain has no `store`.
   * @throws {StoreError} `no-device`, `permission` or `unsupported` if the system refuses; `timed-out` if the daemon
   * does not answer. Nothing is left open.
   */
  static async open(domain: { readonly store: StoreBackend }, options?: StoreOptions): Promise<XenStore> {
    const what = "open XenStore";
    const backend = checkBackend(what, domain, "store", ["open"]);
    const { timeout = 10_000, signal } = readOptions(what, options, ["timeout", "signal"]);
    checkInteger(what, "`timeout`", timeout, 1, LONGEST_DELAY);
    checkSignal(what, signal);
    if (signal?.aborted) throw reasonOf(signal);
    return new XenStore(await connect(backend, timeout, signal));
  }

  /** Whether it was closed, or has lost its connection. */
  get closed(): boolean {
    return this.#connection.ending !== undefined;
  }

  /**
   * Reads the value of a node.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `not-found` if there is no such node; or as any request.
   */
  read(path: string, options?: StoreRequestOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#nodes.read(path, options);
  }

  /**
   * Reads the value of a node as text.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `malformed` if the value is not UTF-8; or as {@linkcode XenStore.read}.
   */
  readText(path: string, options?: StoreRequestOptions): Promise<string> {
    return this.#nodes.readText(path, options);
  }

  /**
   * Reads the value of a node as a number.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `malformed` if the value is not a whole number in decimal digits that a JavaScript number can
   * hold exactly; or as {@linkcode XenStore.read}.
   */
  readNumber(path: string, options?: StoreRequestOptions): Promise<number> {
    return this.#nodes.readNumber(path, options);
  }

  /**
   * Sets the value of a node. A node that is not there is made, and those above it that are missing, too.
   *
   * @param path The node.
   * @param value Bytes; a text without NUL, which becomes UTF-8; or a whole number, which becomes decimal digits. Path
   * and value together have at most 4079 bytes on the device and 4095 through a socket.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `quota` if a quota of this domain is reached: by default, a node has at most 2047 bytes with
   * its permissions and the names below it; or as any request.
   */
  write(path: string, value: StoreValue, options?: StoreRequestOptions): Promise<void> {
    return this.#nodes.write(path, value, options);
  }

  /**
   * Makes a node without a value, and those above it that are missing. Does nothing if it is there.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `quota` if a quota of this domain is reached; or as any request.
   */
  mkdir(path: string, options?: StoreRequestOptions): Promise<void> {
    return this.#nodes.mkdir(path, options);
  }

  /**
   * Removes a node and all below it. Does nothing if only the node itself is not there.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `not-found` if the node above it is not there either; or as any request.
   */
  remove(path: string, options?: StoreRequestOptions): Promise<void> {
    return this.#nodes.remove(path, options);
  }

  /**
   * Lists the names of the nodes directly below a node, in no certain order.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `not-found` if there is no such node; `conflict` if a long list changes all the time while it
   * is read in parts; `unsupported` if it is long and the daemon sends no parts; or as any request.
   */
  list(path: string, options?: StoreRequestOptions): Promise<string[]> {
    return this.#nodes.list(path, options);
  }

  /**
   * Reads who may do what to a node.
   *
   * @param path The node.
   * @param options A signal that gives the request up.
   * @returns The owner's entry, then those of other domains.
   * @throws {StoreError} `not-found` if there is no such node; or as any request.
   */
  permissions(path: string, options?: StoreRequestOptions): Promise<StorePermission[]> {
    return this.#nodes.permissions(path, options);
  }

  /**
   * Sets who may do what to a node. Only its owner may do that. C xenstored ignores an entry for a domain that does not
   * exist yet, also when it comes: set it afterwards.
   *
   * @param path The node.
   * @param permissions The owner's entry, then those of other domains. Usually at most 5.
   * @param options A signal that gives the request up.
   * @throws {StoreError} `denied` if this domain is not the owner; `quota` if there are too many entries; or as any
   * request.
   */
  setPermissions(path: string, permissions: readonly StorePermission[], options?: StoreRequestOptions): Promise<void> {
    return this.#nodes.setPermissions(path, permissions, options);
  }

  /**
   * Watches a node and all below it. The node need not be there. `@introduceDomain` and `@releaseDomain` tell domain 0
   * that a domain came or went.
   *
   * @param path The node.
   * @param options A signal that ends the watch: the iterator then throws the signal's reason.
   * @throws {TypeError} if the path is not a string.
   * @throws {RangeError} if it cannot be the path of a node.
   *
   * @example Read a value each time it may have changed
   * ```ts
   * import { XenStore } from "@gntalloc/gntalloc/xenstore";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   *
   * using store = await XenStore.open(new MockXen().domain(1));
   * await store.write("data/state", "1");
   * for await (const path of store.watch("data/state")) {
   *   const state = await store.readNumber(path);
   *   if (state === 4) break;
   *   await store.write("data/state", state + 1);
   * }
   * ```
   */
  watch(path: string, options?: StoreRequestOptions): StoreWatch {
    const { signal } = readOptions("watch", options, ["signal"]);
    checkSignal("watch", signal);
    return new Watch(this.#connection, path, signal);
  }

  /**
   * Waits until a node is there, can be read, and has a value that a predicate accepts. It reads the node whenever a
   * watch says so; values in between may be missed.
   *
   * @param path The node.
   * @param predicate Whether to take a value, as text in UTF-8. Any value is taken by default.
   * @param options How long to wait, and a signal that ends the waiting.
   * @returns The value.
   * @throws {StoreError} `timed-out` if it takes too long; `quota` if this domain has too many watches; `malformed` if
   * the value is not UTF-8; or as any request.
   */
  waitFor(
    path: string,
    predicate?: (text: string) => boolean | Promise<boolean>,
    options?: StoreWaitOptions,
  ): Promise<string> {
    return waitForValue(this.#connection, this.#nodes, path, predicate, options);
  }

  /**
   * Waits until a node is not there, or cannot be read. A domain that dies loses its nodes: to notice that, wait for
   * the removal of a node that it has made and this domain may read.
   *
   * @param path The node.
   * @param options How long to wait, and a signal that ends the waiting.
   * @throws {StoreError} as {@linkcode XenStore.waitFor}.
   */
  waitForRemoval(path: string, options?: StoreWaitOptions): Promise<void> {
    return waitForRemoval(this.#connection, this.#nodes, path, options);
  }

  /**
   * Runs a function in a transaction: others see all of its changes at once, or none. If others changed what it has
   * read, it runs again, so it should do nothing but use its transaction. If it throws, nothing is changed.
   *
   * The transactions of one XenStore run one after the other. Do not start one inside of another.
   *
   * @param body Makes the changes by the transaction that it is given.
   * @param options How often to try, and a signal.
   * @returns What the function returns.
   * @throws {StoreError} `conflict` if it conflicted as often as it was tried; `quota` if this domain has too many open
   * transactions, or too much was changed; `timed-out` if another transaction does not end; or as any request.
   * @throws whatever the function throws.
   *
   * @example Count
   * ```ts
   * import { XenStore } from "@gntalloc/gntalloc/xenstore";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * using store = await XenStore.open(new MockXen().domain(1));
   * await store.write("data/count", 1);
   * const count = await store.transaction(async (transaction) => {
   *   const next = await transaction.readNumber("data/count") + 1;
   *   await transaction.write("data/count", next);
   *   return next;
   * });
   * assert.equal(count, 2);
   * ```
   */
  transaction<Value>(
    body: (transaction: StoreTransaction) => Value | PromiseLike<Value>,
    options?: StoreTransactionOptions,
  ): Promise<Value> {
    return transact(this.#connection, this.#turns, body, options);
  }

  /**
   * Reads the domid of this domain. It may change when the domain is restored or migrated.
   *
   * @param options A signal that gives the request up.
   * @throws {StoreError} `not-found` if the toolstack has not written it; or as {@linkcode XenStore.readNumber}.
   */
  ownDomid(options?: StoreRequestOptions): Promise<number> {
    return this.#nodes.readNumber("domid", options);
  }

  /**
   * Asks for the home of a domain: the path of its nodes. The domain need not exist.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF).
   * @param options A signal that gives the request up.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {StoreError} as any request.
   */
  domainPath(domid: number, options?: StoreRequestOptions): Promise<string> {
    return domainPath(this.#connection, domid, options);
  }

  /**
   * Asks whether the daemon serves a domain. Only a privileged domain, such as domain 0, may ask.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF).
   * @param options A signal that gives the request up.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {StoreError} `denied` if this domain may not ask; or as any request.
   */
  isIntroduced(domid: number, options?: StoreRequestOptions): Promise<boolean> {
    return isIntroduced(this.#connection, domid, options);
  }

  /**
   * Finds out whether a domain is alive, as far as this domain may know.
   *
   * @param domid The domain, 0 to 32751 (0x7FEF).
   * @param options A signal that gives the request up.
   * @returns Whether the daemon serves the domain; in an unprivileged domain, `true` for itself and `undefined` for any
   * other.
   * @throws {RangeError} if the number is out of bounds.
   * @throws {StoreError} as any request.
   */
  async isAlive(domid: number, options?: StoreRequestOptions): Promise<boolean | undefined> {
    try {
      return await this.isIntroduced(domid, options);
    } catch (error) {
      if (!isStoreError(error, "denied")) throw error;
    }
    return await this.ownDomid(options) === domid ? true : undefined;
  }

  /**
   * Closes the connection: its watches end, and its transactions are aborted. Pending calls fail with `closed`, and
   * iterators end. Does nothing if it is closed.
   */
  close(): void {
    this.#connection.end(CLOSED);
  }

  /** Closes the connection, like {@linkcode XenStore.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
