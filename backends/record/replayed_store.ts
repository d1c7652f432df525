import type { StoreBackend, StoreConnection } from "../../src/contract/backend.ts";
import { nextTurn, startTimer, stopTimer } from "../../src/contract/event_loop.ts";
import { MessageCutter } from "../intercept/message_cutter.ts";
import type { ReplayContext } from "./replay_context.ts";
import type { TraceAnswer } from "./trace.ts";
import type { ReceiveCall, SendCall, StoreWaitCall, TracedMessage } from "./trace_calls.ts";
import { tracedError } from "./trace_values.ts";
import { bytesOfTraced, tracedMessage } from "./traced_message.ts";

/** How long to wait for a reply or an event that the trace has, in milliseconds. */
const PATIENCE = 2000;

/** An open connection to XenStore, in a replay. */
export class ReplayedStore {
  readonly part = "store";
  readonly backend: StoreBackend;
  readonly domain: number;
  readonly granted = 0;
  readonly bound = 0;
  readonly #connection: StoreConnection;
  readonly #context: ReplayContext;
  readonly #cutter = new MessageCutter();
  readonly #piece = new Uint8Array(8192);
  /** What stands for the number of a transaction in the trace. */
  readonly #transactions = new Map<number, number>();
  /** The replies that have arrived, and that the trace has not named yet, by the number of the request. */
  readonly #replies = new Map<number, TracedMessage>();
  /** How often each message to no request has arrived, more often than the trace has named it: that is, each event. */
  readonly #events = new Map<string, number>();
  /** Why nothing arrives any more. */
  #failure: { readonly error: unknown } | undefined;

  constructor(context: ReplayContext, domain: number, backend: StoreBackend) {
    this.#context = context;
    this.domain = domain;
    this.backend = backend;
    this.#connection = backend.open();
  }

  call(call: SendCall | ReceiveCall | StoreWaitCall): Promise<TraceAnswer> {
    switch (call.call) {
      case "send":
        return this.#send(call);
      case "receive":
        return this.#receive(call);
      case "wait":
        return Promise.resolve(this.#context.answer(this.backend, () => {
          // The lines of `receive` say what has arrived.
          const stop: unknown = this.#connection.whenReadable(() => {});
          if (typeof stop === "function") stop();
        }));
    }
  }

  async #send({ message }: SendCall): Promise<TraceAnswer> {
    const { transaction = 0 } = message;
    const bytes = bytesOfTraced(message, this.#transactions.get(transaction) ?? transaction);
    const answer = this.#context.answer(this.backend, () => this.#connection.send(bytes));
    // The events of two requests may count as one if nothing arrives in between.
    await new Promise<void>((resolve) => nextTurn(resolve));
    return answer;
  }

  async #receive({ messages = [], error }: ReceiveCall): Promise<TraceAnswer> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      this.#takeAll();
      if (error === undefined && this.#have(messages)) break;
      if (this.#failure !== undefined) return { error: tracedError(this.#failure.error, this.backend.name) };
      if (!await this.#isReadable(end - performance.now())) break;
    }
    return error === undefined ? { messages: messages.flatMap((message) => this.#taken(message)) } : {};
  }

  /** Takes all that has arrived. */
  #takeAll(): void {
    try {
      while (this.#failure === undefined) {
        const count: unknown = this.#connection.receive(this.#piece);
        if (!Number.isInteger(count) || (count as number) <= 0) return;
        for (const bytes of this.#cutter.add(this.#piece.subarray(0, count as number))) {
          const message = tracedMessage(bytes);
          if (message.request !== undefined) this.#replies.set(message.request, message);
          else changeCount(this.#events, keyOf(message), 1);
        }
      }
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** Whether all of some messages of the trace have arrived. */
  #have(messages: readonly TracedMessage[]): boolean {
    const named = new Map<string, number>();
    return messages.every((message) => {
      if (message.request !== undefined) return this.#replies.has(message.request);
      const key = keyOf(message);
      changeCount(named, key, 1);
      return (this.#events.get(key) ?? 0) >= named.get(key)!;
    });
  }

  /** Takes what stands for a message of the trace: that message if they are alike, and nothing if none has arrived. */
  #taken(recorded: TracedMessage): TracedMessage[] {
    if (recorded.request === undefined) {
      const key = keyOf(recorded);
      if (!this.#events.get(key)) return [];
      changeCount(this.#events, key, -1);
      return [recorded];
    }
    const here = this.#replies.get(recorded.request);
    if (here === undefined) return [];
    this.#replies.delete(recorded.request);
    const [id, other] = [startedIn(recorded), startedIn(here)];
    if (id !== undefined && other !== undefined) {
      this.#transactions.set(id, other);
      return [recorded];
    }
    if (compared(recorded) === compared(here)) return [recorded];
    const { transaction } = recorded;
    const { transaction: _, ...rest } = here;
    return [transaction === undefined ? rest : { ...rest, transaction }];
  }

  /** Waits until something may have arrived. Returns whether it may, before a time in milliseconds has passed. */
  #isReadable(time: number): Promise<boolean> {
    if (time <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      let stop: unknown;
      const timer = startTimer(() => {
        if (typeof stop === "function") stop();
        resolve(false);
      }, time);
      try {
        stop = this.#connection.whenReadable(() => {
          stopTimer(timer);
          resolve(true);
        });
      } catch (error) {
        stopTimer(timer);
        this.#failure = { error };
        resolve(true);
      }
    });
  }

  close(): void {
    this.#connection.close();
  }
}

function changeCount(counts: Map<string, number>, key: string, change: number): void {
  counts.set(key, (counts.get(key) ?? 0) + change);
}

/** What an event is known by: its path and token. */
function keyOf({ type, strings, hex }: TracedMessage): string {
  return JSON.stringify([type, strings, hex]);
}

/** The number of the transaction that a reply says was started. */
function startedIn({ type, strings = [] }: TracedMessage): number | undefined {
  return type === "TRANSACTION_START" && /^\d+$/.test(strings[0] ?? "") ? Number(strings[0]) : undefined;
}

/** What is compared of a reply. */
function compared({ type, strings, hex }: TracedMessage): string {
  // A list has no order, and its generation is a number of the daemon's own.
  const text = type === "DIRECTORY" ? strings?.toSorted() : type === "DIRECTORY_PART" ? strings?.slice(1) : strings;
  return JSON.stringify([type, text, hex]);
}
