import { PvError, XenbusState } from "../../src/pv/mod.ts";
import type { Connection } from "./connection.ts";
import { type BlockEnding, BlockError } from "./errors.ts";
import type { RangeOrder } from "./range_order.ts";
import type { RequestQueue } from "./request_queue.ts";
import { within } from "./waiting.ts";

/** Which reason counts if there are several. */
const SEVERITY = { closed: 0, detached: 1, failed: 2, protocol: 3 };

/** How a disk ends: waits for the calls that are under way, ends the connection, and says why. */
export class DiskEnd {
  /** Fulfilled when the connection is ended, with the reason. */
  readonly over: Promise<BlockEnding>;
  readonly #connection: Connection;
  readonly #queue: RequestQueue;
  readonly #order: RangeOrder;
  readonly #resolveOver: (ending: BlockEnding) => void;
  #ending: Promise<void> | undefined;
  /** Why it ends, as far as is known. */
  #reason: BlockEnding["reason"] | undefined;
  #isDecided = false;
  #refusal: BlockError | undefined;
  /** Fulfilled when no calls are under way. */
  #idle: Promise<void> | undefined;
  /** Fulfilled when calls that are under way are not waited for any more. */
  readonly #callsAreOver = Promise.withResolvers<void>();

  constructor(connection: Connection, queue: RequestQueue, order: RangeOrder) {
    this.#connection = connection;
    this.#queue = queue;
    this.#order = order;
    const { promise, resolve } = Promise.withResolvers<BlockEnding>();
    this.over = promise;
    this.#resolveOver = resolve;
  }

  /** What calls are refused with, once the disk ends. */
  get refusal(): BlockError | undefined {
    return this.#refusal;
  }

  /** Ends because something is wrong: the backend, or the system. */
  break(cause: unknown): void {
    const isBroken = (cause instanceof PvError || cause instanceof BlockError) && cause.code === "protocol";
    const said = cause instanceof Error ? cause.message : String(cause);
    this.begin(isBroken ? "protocol" : "failed", said, 0, cause);
  }

  /**
   * Ends the connection. If it ends already, a worse reason takes the place of the first.
   *
   * @param said What has happened, for messages.
   * @param patience How long to wait for what the backend has, in milliseconds.
   */
  begin(reason: BlockEnding["reason"], said: string, patience: number, cause?: unknown): Promise<void> {
    // While calls are waited for, a worse reason takes over, and may end that wait.
    const isWorse = this.#reason === undefined || SEVERITY[reason] > SEVERITY[this.#reason];
    if (isWorse && !this.#isDecided) {
      this.#reason = reason;
      this.#refusal = new BlockError(reason, sentence(said), cause);
      if (reason !== "closed") this.#queue.hold(this.#refusal);
      this.#idle ??= this.#order.allBefore().then(() => this.#queue.idle());
      const calls = reason === "detached" ? Promise.race([this.#idle, this.#backendIsClosed()]) : this.#idle;
      if (patience === 0) this.#callsAreOver.resolve();
      else within(patience, calls).then(() => this.#callsAreOver.resolve());
    }
    return this.#ending ??= this.#play();
  }

  async #play(): Promise<void> {
    const { device, timeout, release } = this.#connection;
    await this.#callsAreOver.promise;
    this.#isDecided = true;
    const reason = this.#reason!;
    const { message, cause } = this.#refusal!;
    this.#queue.fail(this.#refusal!);
    const failures: unknown[] = cause === undefined ? [] : [cause];
    const attempt = async (step: () => Promise<void>) => {
      try {
        await step();
      } catch (error) {
        // The kernel keeps pages that the backend has mapped until it lets go of them.
        failures.push(error);
      }
    };
    if (reason === "protocol") await attempt(() => device.fail(message));
    await attempt(() => device.end({ timeout }));
    release();
    // The first failure may have caused the others.
    this.#resolveOver(failures.length === 0 ? { reason } : { reason, cause: failures[0] });
  }

  /** Waits until the backend answers nothing any more. */
  async #backendIsClosed(): Promise<void> {
    const { Closed, Unknown } = XenbusState;
    try {
      await this.#connection.device.waitForBackend([Closed, Unknown]);
    } catch {
      // The device is closed, or XenStore is lost.
    }
  }
}

function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}
