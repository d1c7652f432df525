import type { StoreOperation } from "../contract/store_errors.ts";
import { StoreMessage } from "../contract/store_wire.ts";
import { Garbage } from "./garbage.ts";
import { refused } from "./refusals.ts";
import { toReason } from "./replies.ts";
import type { Subject } from "./subject.ts";

/**
 * Reads what a reply says. The payload goes from `start` to `end`, and is valid only during the call.
 *
 * @throws {Garbage} if it says nothing that a daemon would.
 */
export type Decode<Value> = (bytes: Uint8Array<ArrayBuffer>, start: number, end: number, subject: Subject) => Value;

/** A request: from the call until its reply has come, even if nobody waits for that any more. */
export class Request<Value = unknown> implements Subject {
  readonly type: number;
  readonly operation: StoreOperation;
  readonly path: string | undefined;
  readonly promise: Promise<Value>;
  /** The message, while it waits for its turn to be sent. */
  message: Uint8Array<ArrayBuffer> | undefined;
  /** The number in its header, once it is sent. */
  id = 0;
  /** The tick of the clock at which it was sent; until then, at which it began to wait for its turn. */
  began = 0;
  /** Whether its promise is settled. */
  settled = false;
  /** The daemon's own name of the error with which it has refused the request, while somebody waited for the reply. */
  refusal: string | undefined;
  /** Called with what the reply says if it comes after the promise was settled. */
  late: ((value: Value) => void) | undefined;
  /** Called once the promise is settled. */
  cleanUp: (() => void) | undefined;
  readonly #decode: Decode<Value>;
  #resolve!: (value: Value) => void;
  #reject!: (error: unknown) => void;

  constructor(type: number, operation: StoreOperation, path: string | undefined, decode: Decode<Value>) {
    this.type = type;
    this.operation = operation;
    this.path = path;
    this.#decode = decode;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Settles the promise by the reply. Returns whether it had not been settled before. */
  answer(type: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    if (type === StoreMessage.ERROR) {
      const reason = toReason(bytes, start, end);
      if (!this.settled) this.refusal = reason;
      return this.fail(refused(this, reason));
    }
    let value: Value;
    try {
      value = this.#decode(bytes, start, end, this);
    } catch (error) {
      if (error instanceof Garbage) throw error;
      return this.fail(error);
    }
    if (this.settled) {
      this.late?.(value);
      return false;
    }
    this.settled = true;
    this.#resolve(value);
    return true;
  }

  /** Rejects the promise. Returns whether it had not been settled before. */
  fail(error: unknown): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#reject(error);
    return true;
  }
}
