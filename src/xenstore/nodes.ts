import type { StoreOperation } from "../contract/store_errors.ts";
import { StoreMessage } from "../contract/store_wire.ts";
import { showAs } from "../shared/inspection.ts";
import { reasonOf } from "../shared/signal.ts";
import { readSignal, type StoreRequestOptions } from "./abort.ts";
import type { Connection } from "./connection.ts";
import type { StoreValue } from "./encoder.ts";
import { listParts } from "./listing.ts";
import { fromPermissions, type StorePermission, toPermissions } from "./permissions.ts";
import { done, toBytes, toNumber, toText, wordsOf } from "./replies.ts";
import type { Decode, Request } from "./request.ts";
import type { Scope } from "./scope.ts";
import type { StoreTransaction } from "./store_transaction.ts";

/** The requests about nodes, inside a transaction or outside. */
export class Nodes implements StoreTransaction {
  static {
    showAs(Nodes, "StoreTransaction", (nodes) => ({ transaction: nodes.#scope.transaction }));
  }

  readonly #connection: Connection;
  readonly #scope: Scope;

  constructor(connection: Connection, scope: Scope) {
    this.#connection = connection;
    this.#scope = scope;
  }

  read(path: string, options?: StoreRequestOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask(StoreMessage.READ, "read", path, toBytes, options);
  }

  readText(path: string, options?: StoreRequestOptions): Promise<string> {
    return this.#ask(StoreMessage.READ, "read", path, toText, options);
  }

  readNumber(path: string, options?: StoreRequestOptions): Promise<number> {
    return this.#ask(StoreMessage.READ, "read", path, toNumber, options);
  }

  mkdir(path: string, options?: StoreRequestOptions): Promise<void> {
    return this.#ask(StoreMessage.MKDIR, "make", path, done, options);
  }

  remove(path: string, options?: StoreRequestOptions): Promise<void> {
    return this.#ask(StoreMessage.RM, "remove", path, done, options);
  }

  permissions(path: string, options?: StoreRequestOptions): Promise<StorePermission[]> {
    return this.#ask(StoreMessage.GET_PERMS, "get permissions", path, toPermissions, options);
  }

  write(path: string, value: StoreValue, options?: StoreRequestOptions): Promise<void> {
    try {
      const signal = this.#enter("write", path, options);
      this.#connection.begin().path("write", path).value("write", value);
      return this.#send(StoreMessage.WRITE, "write", path, done, signal).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  setPermissions(path: string, permissions: readonly StorePermission[], options?: StoreRequestOptions): Promise<void> {
    const what = "set permissions";
    try {
      const signal = this.#enter(what, path, options);
      const words = fromPermissions(what, permissions);
      const encoder = this.#connection.begin().path(what, path);
      for (const word of words) encoder.word(word);
      return this.#send(StoreMessage.SET_PERMS, what, path, done, signal).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async list(path: string, options?: StoreRequestOptions): Promise<string[]> {
    const signal = this.#enter("list", path, options);
    this.#connection.begin().path("list", path);
    const request = this.#send(StoreMessage.DIRECTORY, "list", path, wordsOf, signal);
    try {
      return await request.promise;
    } catch (error) {
      if (request.refusal !== "E2BIG") throw error;
    }
    return await listParts(this.#connection, this.#scope, path, signal);
  }

  /** Makes a request of nothing but a path. */
  #ask<Value>(
    type: number,
    operation: StoreOperation,
    path: string,
    decode: Decode<Value>,
    options: StoreRequestOptions | undefined,
  ): Promise<Value> {
    try {
      const signal = this.#enter(operation, path, options);
      this.#connection.begin().path(operation, path);
      return this.#send(type, operation, path, decode, signal).promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Throws if no request can be made. Returns the signal that gives it up. */
  #enter(operation: StoreOperation, path: string, options: StoreRequestOptions | undefined): AbortSignal | undefined {
    const signal = readSignal(operation, options);
    const { signal: common } = this.#scope;
    if (common?.aborted) throw reasonOf(common);
    this.#scope.check?.(operation, path);
    return signal;
  }

  #send<Value>(
    type: number,
    operation: StoreOperation,
    path: string,
    decode: Decode<Value>,
    signal: AbortSignal | undefined,
  ): Request<Value> {
    const { transaction, signal: common } = this.#scope;
    return this.#connection.request(type, transaction, operation, path, decode, signal, common);
  }
}
