import type { StoreConnection } from "../../src/contract/store_backend.ts";
import { StoreMessage } from "../../src/contract/store_wire.ts";
import { Joiner, message, type TextMessage } from "../support/store_messages.ts";
import { MARKER } from "./places.ts";
import type { Request } from "./step.ts";
import { describeEvent, describeReply, expand, strings } from "./template.ts";

/** A daemon that takes longer does not answer. */
const TIMEOUT_MILLISECONDS = 5_000;
/** The token of the watch that tells when all events have come. */
const MARKER_TOKEN = "marker";
/** The transaction of steps whose transaction was never started: nobody gets as far. */
const UNKNOWN_TRANSACTION = 0x7fff0000;

/**
 * Nodes that change beside a sequence: the marker, whose event a watch of the root gets before or after the one that is
 * waited for, and what the rig talks to the other domain through.
 */
const NOISE = new RegExp(`^(?:${MARKER}|/local/domain/\\d+/data/(?:ready|request|response))$`);

/** A connection that takes part in a sequence. It may be in another domain. */
export interface Participant {
  /** Begins: the connection learns of changes of the marker. */
  begin(): Promise<void>;
  /** Makes the request of a step. Returns the reply in comparable form. */
  request(step: Request): Promise<string>;
  /** Waits until the marker has changed for the n-th time. Returns the events before that, sorted. */
  settle(): Promise<string[]>;
  close(): Promise<void>;
}

/** A participant on a connection of this process. */
export class LocalParticipant implements Participant {
  readonly #connection: StoreConnection;
  readonly #domu: number;
  readonly #joiner = new Joiner();
  readonly #bytes = new Uint8Array(4096 + 16);
  /** Events that have come since the last call of `settle`. */
  #events: TextMessage[] = [];
  #replies: TextMessage[] = [];
  /** Changes of the marker that have come and were not waited for. */
  #marks = 0;
  #request = 0;
  readonly #transactions = new Map<number, number>();

  /** @param domu The domid of the other domain. */
  constructor(connection: StoreConnection, domu: number) {
    this.#connection = connection;
    this.#domu = domu;
  }

  async begin(): Promise<void> {
    await this.#exchange(StoreMessage.WATCH, `${MARKER}\0${MARKER_TOKEN}\0`, 0);
    await this.settle();
  }

  async request(step: Request): Promise<string> {
    const { op, transaction } = step;
    const id = transaction === undefined ? 0 : this.#transactions.get(transaction) ?? UNKNOWN_TRANSACTION;
    let reply: TextMessage;
    try {
      reply = await this.#exchange(StoreMessage[op], expand(step.payload, this.#domu), id);
    } catch (error) {
      return `no reply: ${(error as Error).message}`;
    }
    if (step.starts !== undefined && reply.type === StoreMessage[op]) {
      this.#transactions.set(step.starts, Number(strings(reply.text)[0]));
    }
    if (reply.transaction !== id) return `a reply for transaction ${reply.transaction}`;
    return describeReply(op, reply, this.#domu);
  }

  async settle(): Promise<string[]> {
    await this.#until(() => this.#marks > 0);
    this.#marks--;
    const events = this.#events.map((event) => describeEvent(event, this.#domu)).toSorted();
    this.#events = [];
    return events;
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  async #exchange(type: number, text: string, transaction: number): Promise<TextMessage> {
    const request = ++this.#request;
    this.#connection.send(message(type, text, request, transaction));
    const find = () => this.#replies.findIndex((reply) => reply.request === request);
    await this.#until(() => find() >= 0);
    return this.#replies.splice(find(), 1)[0]!;
  }

  /** Takes messages until something holds. */
  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const got = this.#connection.receive(this.#bytes);
      if (got === 0) await this.#readable();
      else for (const each of this.#joiner.add(this.#bytes.subarray(0, got))) this.#sort(each);
    }
  }

  #sort(message: TextMessage): void {
    if (message.type !== StoreMessage.WATCH_EVENT) this.#replies.push(message);
    else if (strings(message.text)[1] === MARKER_TOKEN) this.#marks++;
    else if (!NOISE.test(strings(message.text)[0]!)) this.#events.push(message);
  }

  #readable(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`nothing came for ${TIMEOUT_MILLISECONDS} ms`));
      }, TIMEOUT_MILLISECONDS);
      const stop = this.#connection.whenReadable(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
