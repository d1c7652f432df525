import { PAGE_SIZE } from "../../mod.ts";
import type { FrontRing, GrantPool, PoolPages } from "../../src/pv/mod.ts";
import { BlockError } from "./errors.ts";
import {
  decodeResponse,
  MOST_DIRECT,
  Operation,
  putSegments,
  RequestEncoder,
  type Response,
  RESPONSE_SIZE,
  SECTOR,
  type Segment,
  Status,
} from "./protocol.ts";

/** A request to make. */
export interface Job {
  readonly operation: number;
  /** The first sector, of 512 bytes. */
  readonly sector: number;
  /** What to write, or where to put what is read; it has as many bytes as a request can have, at most. */
  readonly bytes?: Uint8Array | undefined;
  /** Of a discard: how many sectors, and whether for good. */
  readonly discard?: { readonly sectors: number; readonly secure: boolean } | undefined;
  /** Aborted when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** A job, and who waits for its status. */
interface Waiting {
  readonly job: Job;
  resolve(status: number): void;
  reject(error: unknown): void;
}

/** A job that the backend has. */
interface InFlight extends Waiting {
  readonly pages: PoolPages | undefined;
}

/** What a queue works with. */
export interface QueueParts {
  readonly ring: FrontRing;
  readonly pool: GrantPool;
  /** Sends an event to the backend. */
  notify(): void;
  /** Called when the queue can no longer work. */
  onFailure(error: unknown): void;
}

/**
 * The requests of a disk: those that wait for a slot or for pages, in their order, and those that the backend has.
 *
 * Data goes through pages of a pool, which the backend may keep mapped. A request that was given up keeps its pages
 * until it is answered, as the backend may still use them.
 */
export class RequestQueue {
  readonly #parts: QueueParts;
  readonly #encoder = new RequestEncoder();
  readonly #waiting = new Set<Waiting>();
  readonly #inFlight = new Map<number, InFlight>();
  readonly #response = new Uint8Array(RESPONSE_SIZE);
  #lastId = 0;
  #isPushing = false;
  #failure: { readonly error: unknown } | undefined;
  /** Why nothing more is sent, once that is so. */
  #held: { readonly error: unknown } | undefined;
  #onIdle: (() => void) | undefined;

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** How many requests the backend has. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** How many requests wait for a slot or for pages. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Makes a request, as soon as there are a slot and pages for it. Returns its status. */
  add(job: Job): Promise<number> {
    if (this.#held) return Promise.reject(this.#held.error);
    return new Promise((resolve, reject) => {
      this.#waiting.add({ job, resolve, reject });
      this.#send();
    });
  }

  #send(): void {
    if (this.#held) return this.#checkIdle();
    const { ring } = this.#parts;
    for (const waiting of this.#waiting) {
      const { job } = waiting;
      if (job.signal?.aborted) {
        this.#waiting.delete(waiting);
        waiting.resolve(Status.Okay);
        continue;
      }
      if (ring.free === 0) break;
      let pages: PoolPages | null | undefined;
      try {
        pages = this.#pagesFor(job);
        if (pages === null) break;
        this.#put({ ...waiting, pages });
        this.#waiting.delete(waiting);
      } catch (error) {
        pages?.release();
        this.#waiting.delete(waiting);
        const reason = pages ? "its bytes cannot be read" : "there are no pages for it";
        waiting.reject(new BlockError("failed", `Cannot make a request: ${reason}.`, error));
      }
    }
    this.#checkIdle();
  }

  /** The pages of a job; `undefined` if it needs none, and `null` if there are too few now. */
  #pagesFor({ bytes }: Job): PoolPages | null | undefined {
    if (bytes === undefined) return undefined;
    const count = Math.ceil(bytes.length / PAGE_SIZE);
    return this.#parts.pool.tryTake(count > MOST_DIRECT ? count + 1 : count) ?? null;
  }

  #put(entry: InFlight): void {
    const { job, pages } = entry;
    const id = ++this.#lastId;
    this.#parts.ring.put(this.#encode(id, job, pages));
    this.#inFlight.set(id, entry);
    if (this.#isPushing) return;
    // Later, so that requests that are made together are announced together.
    this.#isPushing = true;
    queueMicrotask(() => this.#push());
  }

  #push(): void {
    this.#isPushing = false;
    if (this.#failure) return;
    try {
      if (this.#parts.ring.push()) this.#parts.notify();
    } catch (error) {
      this.#parts.onFailure(error);
    }
  }

  #encode(id: number, { operation, sector, bytes, discard }: Job, pages: PoolPages | undefined): Uint8Array {
    if (discard) return this.#encoder.discard(id, sector, discard.sectors, discard.secure);
    if (bytes === undefined || pages === undefined) return this.#encoder.direct(operation, id, sector, []);
    if (operation === Operation.Write) {
      eachRun(pages, bytes.length, (run, at) => run.set(bytes.subarray(at, at + run.length)));
    }
    const count = Math.ceil(bytes.length / PAGE_SIZE);
    const segments: Segment[] = [];
    for (let index = 0; index < count; index++) {
      const length = Math.min(PAGE_SIZE, bytes.length - index * PAGE_SIZE);
      segments.push({ gref: pages.grefs[index]!, first: 0, last: length / SECTOR - 1 });
    }
    if (count <= MOST_DIRECT) return this.#encoder.direct(operation, id, sector, segments);
    const page = pages.pages[count]!;
    putSegments(new DataView(page.buffer, page.byteOffset, page.length), 0, segments);
    return this.#encoder.indirect(operation, id, sector, count, pages.grefs[count]!);
  }

  /**
   * Takes what the backend has answered.
   *
   * @throws {PvError} or {BlockError} `protocol` if the backend broke the protocol.
   */
  takeResponses(): void {
    if (this.#failure) return;
    const { ring } = this.#parts;
    do {
      while (ring.take(this.#response)) this.#settle(decodeResponse(this.#response));
      this.#send();
    } while (ring.ask());
  }

  #settle({ id, operation, status }: Response): void {
    const entry = this.#inFlight.get(id);
    if (entry === undefined) throw broken(`it has answered request ${id}, which is not under way`);
    const { job, pages, resolve } = entry;
    if (operation !== job.operation) {
      throw broken(`it has answered request ${id} as operation ${operation}, and it was operation ${job.operation}`);
    }
    if (status > Status.Okay || status < Status.Unsupported) {
      throw broken(`it has answered request ${id} with the status ${status}, which means nothing`);
    }
    this.#inFlight.delete(id);
    if (operation === Operation.Read && status === Status.Okay && !job.signal?.aborted) {
      eachRun(pages!, job.bytes!.length, (run, at) => job.bytes!.set(run, at));
    }
    resolve(status);
    pages?.release();
  }

  /** Sends nothing more. What waits fails; what the backend has is waited for. */
  hold(error: unknown): void {
    this.#held ??= { error };
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
    this.#checkIdle();
  }

  /** Fails all requests, also those that the backend has. */
  fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    this.hold(error);
    for (const { reject } of this.#inFlight.values()) reject(error);
    this.#inFlight.clear();
    this.#checkIdle();
  }

  /** Waits until there are no requests. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#waiting.size > 0 || this.#inFlight.size > 0) return;
    this.#onIdle?.();
    this.#onIdle = undefined;
  }
}

/** Calls back for the bytes of pages that a job uses: once for all that are neighbours in memory. */
function eachRun(
  { pages }: PoolPages,
  length: number,
  use: (bytes: Uint8Array<ArrayBuffer>, at: number) => void,
): void {
  for (let at = 0, index = 0; at < length;) {
    const { buffer, byteOffset } = pages[index++]!;
    let end = byteOffset + PAGE_SIZE;
    for (let page = pages[index]; page?.byteOffset === end && page.buffer === buffer; page = pages[++index]) {
      end += PAGE_SIZE;
    }
    const bytes = new Uint8Array(buffer, byteOffset, Math.min(end - byteOffset, length - at));
    use(bytes, at);
    at += bytes.length;
  }
}

function broken(what: string): BlockError {
  return new BlockError("protocol", `Cannot use the disk: the backend broke the protocol: ${what}.`);
}
