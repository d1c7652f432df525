/** A client of the simulated XenStore at wire level: it sends requests, and collects replies and events. */
import { nextTurn } from "../../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../../src/contract/store_backend.ts";
import { StoreMessage } from "../../../src/contract/store_wire.ts";
import { message, takeAll, type TextMessage } from "../../support/store_messages.ts";

const { DIRECTORY, GET_PERMS, MKDIR, READ, RM, SET_PERMS, UNWATCH, WATCH, WRITE } = StoreMessage;
const { ERROR, TRANSACTION_END, TRANSACTION_START, WATCH_EVENT } = StoreMessage;

/** Waits until all that was sent before has arrived. */
export function arrival(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}

/** A connection. Texts are shown without the NUL at their end, lists with `|`, refusals as their names. */
export class Client {
  readonly connection: StoreConnection;
  /** The events that have arrived, as `path token`. */
  readonly events: string[] = [];
  #requests = 0;

  constructor(backend: StoreBackend) {
    this.connection = backend.open();
  }

  /** Sends a request, and returns its number. */
  send(type: number, text: string, transaction = 0): number {
    this.connection.send(message(type, text, ++this.#requests, transaction));
    return this.#requests;
  }

  /** Takes what has arrived, in pieces of `room` bytes. */
  take(room?: number): TextMessage[] {
    const messages = takeAll(this.connection, room);
    for (const { type, text } of messages) {
      if (type === WATCH_EVENT) this.events.push(text.split("\0").slice(0, 2).join(" "));
    }
    return messages;
  }

  /** Waits, and takes all events so far. */
  async seen(): Promise<string[]> {
    await arrival();
    this.take();
    return this.events.splice(0);
  }

  /** Waits, and takes what arrives: replies as texts, and events as `path token`, in order. */
  async order(): Promise<string[]> {
    await arrival();
    const texts = this.take().map(({ type, text }) => type === WATCH_EVENT ? this.events.shift()! : shown(text));
    return texts;
  }

  /** Makes a request, and returns the text of the reply. */
  async ask(type: number, text: string, transaction = 0): Promise<string> {
    const request = this.send(type, text, transaction);
    await arrival();
    const reply = this.take().find((received) => received.type !== WATCH_EVENT && received.request === request);
    if (reply === undefined) throw new Error(`Request ${request} of type ${type} has no reply`);
    if (reply.type !== type && reply.type !== ERROR) throw new Error(`The reply has type ${reply.type}, not ${type}`);
    return reply.type === ERROR || type !== READ ? shown(reply.text) : reply.text;
  }

  read(path: string, transaction?: number): Promise<string> {
    return this.ask(READ, `${path}\0`, transaction);
  }

  write(path: string, value: string, transaction?: number): Promise<string> {
    return this.ask(WRITE, `${path}\0${value}`, transaction);
  }

  make(path: string, transaction?: number): Promise<string> {
    return this.ask(MKDIR, `${path}\0`, transaction);
  }

  remove(path: string, transaction?: number): Promise<string> {
    return this.ask(RM, `${path}\0`, transaction);
  }

  list(path: string, transaction?: number): Promise<string> {
    return this.ask(DIRECTORY, `${path}\0`, transaction);
  }

  permissions(path: string, transaction?: number): Promise<string> {
    return this.ask(GET_PERMS, `${path}\0`, transaction);
  }

  allow(path: string, ...permissions: string[]): Promise<string> {
    return this.ask(SET_PERMS, [path, ...permissions, ""].join("\0"));
  }

  watch(path: string, token: string): Promise<string> {
    return this.ask(WATCH, `${path}\0${token}\0`);
  }

  unwatch(path: string, token: string): Promise<string> {
    return this.ask(UNWATCH, `${path}\0${token}\0`);
  }

  /** Starts a transaction, and returns its number. */
  async start(): Promise<number> {
    const text = await this.ask(TRANSACTION_START, "\0");
    if (!/^[1-9]\d*$/.test(text)) throw new Error(`The transaction was not started: ${text}`);
    return Number(text);
  }

  /** Ends a transaction. */
  end(transaction: number, how = "T"): Promise<string> {
    return this.ask(TRANSACTION_END, `${how}\0`, transaction);
  }
}

function shown(text: string): string {
  return (text.endsWith("\0") ? text.slice(0, -1) : text).replaceAll("\0", "|");
}
