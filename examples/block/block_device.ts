/**
 * A disk of a domU as a library of its own: a frontend of Xen's block protocol. Copy this folder, and change it.
 *
 * @module
 */
import type { XenDomain } from "../../mod.ts";
import type { PvWaitOptions } from "../../src/pv/mod.ts";
import { followBackend, listenToBackend } from "./backend_news.ts";
import { type AttachOptions, connect, type Connection } from "./connection.ts";
import { DiskEnd } from "./disk_end.ts";
import { DiskSize } from "./disk_size.ts";
import { type BlockEnding, BlockError } from "./errors.ts";
import { Operation, SECTOR, Status } from "./protocol.ts";
import { type Range, RangeOrder } from "./range_order.ts";
import { RequestQueue } from "./request_queue.ts";
import { abortable, worstOf } from "./waiting.ts";

export type { AttachOptions } from "./connection.ts";
export { type BlockEnding, BlockError, type BlockErrorCode } from "./errors.ts";

/** How to make a call. */
export interface BlockCallOptions {
  /** Gives the call up. A write may have been carried out then, or be carried out later. */
  readonly signal?: AbortSignal | undefined;
}

/** The bytes that a flush touches, so that no call waits for it. */
const NOTHING: Range = { start: 0, end: 0, writes: false };

/**
 * A disk whose backend is in another domain. Offsets and lengths are in bytes, and multiples of the sector size.
 *
 * Many calls may be under way at once. Those that touch the same bytes are carried out in the order of the calls,
 * others in any order.
 */
export class BlockDevice implements AsyncDisposable {
  /** What offsets and lengths must be multiples of, in bytes. */
  readonly sectorSize: number;
  readonly readOnly: boolean;
  /** Whether pages stay granted from one request to the next. */
  readonly persistent: boolean;
  /** The most bytes of one request to the backend. */
  readonly maxBytes: number;
  /** Fulfilled when the disk is not attached any more, with the reason. */
  readonly closed: Promise<BlockEnding>;
  readonly #connection: Connection;
  readonly #queue: RequestQueue;
  readonly #order = new RangeOrder();
  readonly #size: DiskSize;
  readonly #end: DiskEnd;
  #flush: "flush" | "barrier" | undefined;
  #discard: boolean;
  readonly #secureDiscard: boolean;

  private constructor(connection: Connection) {
    const { properties, ring, pool, channel, maxBytes } = this.#connection = connection;
    this.sectorSize = properties.sectorSize;
    this.readOnly = properties.readOnly;
    this.persistent = pool.persistent;
    this.maxBytes = maxBytes;
    this.#size = new DiskSize(properties);
    this.#flush = properties.flush;
    this.#discard = properties.discard && !properties.readOnly;
    this.#secureDiscard = properties.secureDiscard;
    this.#queue = new RequestQueue({
      ring,
      pool,
      notify: () => channel.notify(),
      onFailure: (error) => this.#end.break(error),
    });
    this.#end = new DiskEnd(connection, this.#queue, this.#order);
    this.closed = this.#end.over;
    listenToBackend(connection, this.#queue).catch((error) => this.#end.break(error));
    followBackend(connection, this.#size, this.#end).catch((error) => this.#end.break(error));
  }

  /**
   * Attaches a disk. If a program was killed with the disk attached, ends its connection first.
   *
   * @param domain The domain that the program runs in.
   * @param name The name of the disk, as in the domain's configuration: `xvdb`.
   * @throws {PvError} `no-device` if there is none, `closing` if the backend refuses, `timed-out` if it does not
   * answer.
   */
  static async attach(
    domain: Pick<XenDomain, "grants" | "events" | "store">,
    name: string,
    options: AttachOptions = {},
  ): Promise<BlockDevice> {
    return new BlockDevice(await connect(domain, name, options));
  }

  /** The size in bytes. It may change: see {@linkcode BlockDevice.onResize}. */
  get size(): number {
    return this.#size.bytes;
  }

  /** Whether calls are taken: neither this side nor the backend has begun to end the connection. */
  get attached(): boolean {
    return this.#end.refusal === undefined;
  }

  /** Whether {@linkcode BlockDevice.flush} makes written data durable. */
  get canFlush(): boolean {
    return this.#flush !== undefined;
  }

  /** Whether {@linkcode BlockDevice.discard} works. */
  get canDiscard(): boolean {
    return this.#discard;
  }

  /** How many requests the backend has, and how many wait here. */
  get requests(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#queue.inFlight, waiting: this.#queue.waiting };
  }

  /** Calls back with the new size whenever it has changed. Returns a function that stops that. */
  onResize(callback: (size: number) => void): () => void {
    return this.#size.onChange(callback);
  }

  /** Reads bytes. */
  async read(offset: number, length: number, options: BlockCallOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    this.#check("read", offset, length);
    const bytes = new Uint8Array(length);
    await this.#transfer(Operation.Read, offset, bytes, options.signal);
    return bytes;
  }

  /** Reads bytes into an array, until it is full. Do not use it until the call has ended. */
  async readInto(offset: number, target: Uint8Array, options: BlockCallOptions = {}): Promise<void> {
    checkBytes("read", "`target`", target);
    this.#check("read", offset, target.length);
    await this.#transfer(Operation.Read, offset, target, options.signal);
  }

  /** Writes bytes. Do not change them until the call has ended. What was written is durable after a flush. */
  async write(offset: number, bytes: Uint8Array, options: BlockCallOptions = {}): Promise<void> {
    checkBytes("write", "`bytes`", bytes);
    this.#check("write", offset, bytes.length);
    this.#checkWritable("write");
    await this.#transfer(Operation.Write, offset, bytes, options.signal);
  }

  /**
   * Waits until all that was written before is durable: by calls that have not ended, too. If the backend cannot say,
   * waits until it has carried them out.
   */
  async flush(options: BlockCallOptions = {}): Promise<void> {
    const { signal } = options;
    this.#checkOpen("flush");
    const before = this.#order.writesBefore();
    const status = await this.#run(NOTHING, signal, async () => {
      await before;
      if (this.#flush === undefined) return Status.Okay;
      const operation = this.#flush === "flush" ? Operation.Flush : Operation.Barrier;
      return await this.#queue.add({ operation, sector: 0, signal });
    });
    // It has promised more than it can do. Then carried out is all that there is.
    if (status === Status.Unsupported) this.#flush = undefined;
    else this.#checkStatus("flush", status);
  }

  /** Tells the backend that bytes are not needed any more. What is read there later is anything. */
  async discard(offset: number, length: number, options: BlockCallOptions & { secure?: boolean } = {}): Promise<void> {
    const { signal, secure = false } = options;
    this.#check("discard", offset, length);
    this.#checkWritable("discard");
    if (!this.#discard || (secure && !this.#secureDiscard)) this.#checkStatus("discard", Status.Unsupported);
    if (length === 0) return;
    const range = { start: offset, end: offset + length, writes: true };
    const discard = { sectors: length / SECTOR, secure };
    const status = await this.#run(
      range,
      signal,
      () => this.#queue.add({ operation: Operation.Discard, sector: offset / SECTOR, discard, signal }),
    );
    if (status === Status.Unsupported) this.#discard = false;
    this.#checkStatus("discard", status);
  }

  /** Reads or writes bytes, in as many requests as they need. */
  async #transfer(
    operation: number,
    offset: number,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { length } = bytes;
    if (length === 0) return;
    const range = { start: offset, end: offset + length, writes: operation === Operation.Write };
    const status = await this.#run(range, signal, () => {
      const sector = offset / SECTOR;
      if (length <= this.maxBytes) return this.#queue.add({ operation, sector, bytes, signal });
      const requests: Promise<number>[] = [];
      for (let at = 0; at < length; at += this.maxBytes) {
        const part = bytes.subarray(at, at + this.maxBytes);
        requests.push(this.#queue.add({ operation, sector: sector + at / SECTOR, bytes: part, signal }));
      }
      return worstOf(requests);
    });
    this.#checkStatus(operation === Operation.Read ? "read" : "write", status);
  }

  /** Runs an operation in its turn. It may be given up, but keeps its turn until the backend has answered. */
  #run<Value>(range: Range, signal: AbortSignal | undefined, run: () => Promise<Value>): Promise<Value> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const answered = this.#order.run(range, () => signal?.aborted ? Promise.reject(signal.reason) : run());
    return abortable(signal, answered);
  }

  #check(what: string, offset: number, length: number): void {
    this.#checkOpen(what);
    for (const [name, value] of Object.entries({ offset, length })) {
      if (Number.isSafeInteger(value) && value >= 0 && value % this.sectorSize === 0) continue;
      throw new RangeError(
        `Cannot ${what} as the ${name} must be a multiple of the sector size, ${this.sectorSize}: current value is ` +
          value,
      );
    }
    if (offset + length > this.size) {
      throw new RangeError(
        `Cannot ${what} as the end must be within the disk of ${this.size} bytes: current value is ${offset + length}`,
      );
    }
  }

  #checkWritable(what: string): void {
    if (this.readOnly) throw new BlockError("read-only", `Cannot ${what}: the disk is read-only.`);
  }

  #checkOpen(what: string): void {
    const { refusal } = this.#end;
    if (refusal) throw new BlockError(refusal.code, `Cannot ${what}: ${refusal.message}`, refusal.cause);
  }

  #checkStatus(what: string, status: number): void {
    if (status === Status.Error) throw new BlockError("io", `Cannot ${what}: the backend reports an error.`);
    if (status === Status.Unsupported) {
      throw new BlockError("unsupported", `Cannot ${what}: the backend cannot do that.`);
    }
  }

  /**
   * Detaches the disk: waits for the calls that are under way, and ends the connection. The next program, or the next
   * call of {@linkcode BlockDevice.attach}, may attach it again.
   *
   * @param options How long to wait for the calls that are under way, in milliseconds; the others then fail.
   */
  async detach(options: Pick<PvWaitOptions, "timeout"> = {}): Promise<void> {
    const { timeout = this.#connection.timeout } = options;
    await this.#end.begin("closed", "the disk was detached here. Attach it again", timeout);
  }

  /** Detaches the disk. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.detach();
  }
}

/** Throws unless a value is an array of bytes: other arrays have a length, too, but not in bytes. */
function checkBytes(what: string, name: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  throw new TypeError(`Cannot ${what} as ${name} must be a Uint8Array: current value is of type ${typeof value}`);
}
