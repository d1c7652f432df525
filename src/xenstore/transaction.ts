import { ArgumentTypeError } from "../contract/argument_error.ts";
import { checkInteger, show } from "../contract/checks.ts";
import { nextTurn, startTimer, stopTimer } from "../contract/event_loop.ts";
import { readOptions } from "../contract/options.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import { StoreError, type StoreOperation } from "../contract/store_errors.ts";
import { StoreMessage } from "../contract/store_wire.ts";
import { unlessAborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { Nodes } from "./nodes.ts";
import { ended } from "./refusals.ts";
import { done, toTransaction } from "./replies.ts";
import type { Scope } from "./scope.ts";
import { describe } from "./subject.ts";
import type { StoreTransaction } from "./store_transaction.ts";
import type { Turns } from "./turns.ts";

/** How to run a transaction. */
export interface StoreTransactionOptions {
  /**
   * Aborts the transaction and everything in it when it is aborted: the promise is rejected with the signal's reason.
   * It has no effect once the transaction is being committed.
   */
  signal?: AbortSignal | undefined;
  /**
   * How often to run the transaction, if it conflicts with other changes: a whole number from 1 to 1000.
   *
   * @default {16}
   */
  attempts?: number | undefined;
}

type Body<Value> = (transaction: StoreTransaction) => Value | PromiseLike<Value>;

const ATTEMPTS = 16;
/** The longest pause before another attempt, in milliseconds. */
const LONGEST_PAUSE = 64;

/** Runs a function in a transaction, again if it conflicts with other changes. */
export async function transact<Value>(
  connection: Connection,
  turns: Turns,
  body: Body<Value>,
  options: StoreTransactionOptions | undefined,
): Promise<Value> {
  const what = "run a transaction";
  if (typeof body !== "function") {
    throw new ArgumentTypeError(`Cannot ${what} as \`body\` must be a function: current value is ${show(body)}`);
  }
  const { signal, attempts = ATTEMPTS } = readOptions(what, options, ["signal", "attempts"]);
  checkSignal(what, signal);
  checkInteger(what, "`attempts`", attempts, 1, 1000);
  if (signal?.aborted) throw reasonOf(signal);
  // While the function runs and others wait for their turn, too: so that a lost connection is noticed.
  connection.want();
  try {
    await turns.enter(signal);
  } catch (error) {
    connection.unwant();
    throw error;
  }
  try {
    for (let attempt = 1;; attempt++) {
      const outcome = await runOnce(connection, body, signal);
      if (outcome.committed) return outcome.value;
      if (attempt >= attempts) throw conflict(attempts, outcome.error);
      await pause(Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE), signal);
    }
  } finally {
    turns.leave();
    connection.unwant();
  }
}

/** The error of those who have waited too long for another transaction. */
export function turnsTaken(timeout: number): StoreError {
  return new StoreError(
    `Cannot start a transaction: another one of this XenStore has not ended within ${timeout} ms. If this call is ` +
      "inside of that one, use what its function was given; otherwise end it, or open another XenStore.",
    { code: "timed-out", operation: "start a transaction" },
  );
}

type Outcome<Value> = { committed: true; value: Value } | { committed: false; error: StoreError };

async function runOnce<Value>(
  connection: Connection,
  body: Body<Value>,
  signal: AbortSignal | undefined,
): Promise<Outcome<Value>> {
  // It may have been aborted while this waited for its turn, or paused.
  if (signal?.aborted) throw reasonOf(signal);
  const transaction = await start(connection, signal);
  let hasEnded = false;
  const scope: Scope = {
    transaction,
    signal,
    check(operation, path) {
      if (hasEnded) throw over(operation, path);
    },
  };
  let value: Value;
  try {
    value = await unlessAborted(
      signal,
      () => unlessEnded(connection, async () => await body(new Nodes(connection, scope))),
    );
  } catch (error) {
    hasEnded = true;
    abort(connection, transaction);
    throw error;
  }
  hasEnded = true;
  connection.begin().word("T");
  const commit = connection.request(
    StoreMessage.TRANSACTION_END,
    transaction,
    "end a transaction",
    undefined,
    done,
    undefined,
  );
  try {
    await commit.promise;
  } catch (error) {
    if (commit.refusal === "EAGAIN") return { committed: false, error: error as StoreError };
    // Without an answer, it may not even have been sent.
    if (commit.refusal === undefined) abort(connection, transaction);
    throw error;
  }
  return { committed: true, value };
}

function start(connection: Connection, signal: AbortSignal | undefined): Promise<number> {
  connection.begin().word("");
  const request = connection.request(
    StoreMessage.TRANSACTION_START,
    0,
    "start a transaction",
    undefined,
    toTransaction,
    signal,
  );
  // Nobody knows of it then, but it counts for the quota.
  request.late = (transaction) => abort(connection, transaction);
  return request.promise;
}

/** Has the daemon forget a transaction. Nobody waits for the answer. */
function abort(connection: Connection, transaction: number): void {
  connection.begin().word("F");
  connection.post(StoreMessage.TRANSACTION_END, transaction, "end a transaction");
}

/** Runs a function, but gives up waiting for it when the connection ends. */
async function unlessEnded<Value>(connection: Connection, run: () => Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  // In a later turn: a function that waits for a request learns of the end by that, and its own error comes first.
  const stopListening = connection.onEnd((ending) =>
    nextTurn(() => reject(ended({ operation: "end a transaction" }, ending)))
  );
  try {
    return await Promise.race([run(), promise]);
  } finally {
    stopListening();
  }
}

/** Waits for some milliseconds. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof startTimer> | undefined;
  try {
    await unlessAborted(signal, () => new Promise<void>((resolve) => timer = startTimer(resolve, milliseconds)));
  } finally {
    stopTimer(timer);
  }
}

function conflict(attempts: number, cause: StoreError): StoreError {
  const times = attempts === 1 ? "once" : `${attempts} times`;
  return new StoreError(
    `Cannot end a transaction: it conflicted with other changes, ${times}. Touch fewer nodes in it, or raise ` +
      "`attempts`.",
    { code: "conflict", operation: "end a transaction", reason: "EAGAIN", cause },
  );
}

function over(operation: StoreOperation, given: unknown): StoreError {
  const path = typeof given === "string" ? given : undefined;
  return new StoreError(
    `Cannot ${describe({ operation, path })}: the transaction has ended. Await each call inside of its function.`,
    { code: "closed", operation, path },
  );
}
