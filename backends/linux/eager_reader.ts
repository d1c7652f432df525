import { Errno } from "../../src/contract/errno.ts";
import { nextTurn, now } from "../../src/contract/event_loop.ts";
import type { Libc } from "./libc.ts";

/**
 * How long to look for an answer after a request, in milliseconds, before the kernel has to wake this thread: longer
 * than a daemon needs that runs, and shorter than anybody notices.
 */
const PATIENCE = 0.1;
/** How often to look in one turn of the event loop: so often that it takes a microsecond or two. */
const READS_PER_TURN = 6;
/** The most requests after which not to look, after looks that found nothing. */
const MOST_SKIPPED = 63;
/** Room for what one look may find. */
const SIZE = 4096;

/**
 * Reads from a descriptor. After a request it looks for the answer itself for a few turns of the event loop: a daemon
 * answers sooner than a waiting thread can be woken. It never does so while nobody has asked for anything, and seldom
 * where that does not help: on a single processor, the daemon runs only once this thread waits.
 */
export class EagerReader {
  readonly #libc: Libc;
  readonly #clock: () => number;
  /** -1 once it is closed, as the number may be that of another file then. */
  #fd: number;
  readonly #buffer = new Uint8Array(new ArrayBuffer(SIZE));
  /** What a look has found: bytes of the buffer that were not taken yet, or the failure of the read. */
  #start = 0;
  #end = 0;
  #failure: number | undefined;
  /** Until when to look; 0 if there is no reason to. */
  #until = 0;
  /** After how many requests not to look, and how many of them there were. */
  #toSkip = 0;
  #skipped = 0;
  #isLooking = false;
  #callback: (() => void) | undefined;
  /** Stops waiting for the kernel. */
  #stop: (() => void) | undefined;

  /** @param clock Returns milliseconds, and only goes forward. */
  constructor(libc: Libc, fd: number, clock: () => number = now) {
    this.#libc = libc;
    this.#clock = clock;
    this.#fd = fd;
  }

  /** Tells that a request was sent. */
  expect(): void {
    if (this.#skipped < this.#toSkip) {
      this.#skipped++;
      return;
    }
    this.#until = this.#clock() + PATIENCE;
    if (this.#callback !== undefined) this.#look();
  }

  /** Reads like `read()`. Returns how many bytes there were, 0 at the end, or a negative errno. */
  read(bytes: Uint8Array<ArrayBuffer>): number {
    if (this.#start < this.#end) {
      const part = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + bytes.length));
      bytes.set(part);
      this.#start += part.length;
      return part.length;
    }
    if (this.#failure !== undefined) return this.#failure;
    return this.#readNow(bytes);
  }

  #readNow(bytes: Uint8Array<ArrayBuffer>): number {
    let size: number;
    do {
      size = this.#libc.read(this.#fd, bytes);
    } while (size === -Errno.EINTR);
    return size;
  }

  /**
   * Calls back once, in a later turn of the event loop, when there is something to read.
   *
   * @returns A function that stops the wait, or a negative errno.
   */
  whenReadable(callback: () => void): (() => void) | number {
    if (!this.#isDue && this.#start === this.#end && this.#failure === undefined) {
      const failure = this.#wait(callback);
      if (failure < 0) return failure;
    } else {
      this.#callback = callback;
      this.#look();
    }
    return () => {
      if (this.#callback === callback) this.#leave();
    };
  }

  get #isDue(): boolean {
    return this.#until !== 0 && this.#clock() < this.#until;
  }

  /** Has the kernel wait. Returns 0 or a negative errno. */
  #wait(callback: () => void): number {
    const stop = this.#libc.whenReadable(this.#fd, () => {
      this.#stop = undefined;
      this.#callBack();
    });
    if (typeof stop === "number") return stop;
    this.#callback = callback;
    this.#stop = stop;
    return 0;
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    nextTurn(() => {
      this.#isLooking = false;
      const callback = this.#callback;
      if (callback === undefined) return;
      if (this.#find()) {
        this.#toSkip = 0;
        this.#callBack();
      } else if (this.#isDue) {
        this.#look();
      } else {
        this.#until = 0;
        this.#toSkip = Math.min(2 * this.#toSkip + 1, MOST_SKIPPED);
        this.#skipped = 0;
        // The kernel may wait already. Node refuses to wait twice for a descriptor.
        if (this.#stop !== undefined) return;
        const failure = this.#wait(callback);
        if (failure === 0) return;
        // The next read of the caller finds out.
        this.#failure = failure;
        this.#callBack();
      }
    });
  }

  /** Whether something is there. */
  #find(): boolean {
    if (this.#start < this.#end || this.#failure !== undefined) return true;
    let size = -Errno.EAGAIN;
    for (let reads = 0; reads < READS_PER_TURN && size === -Errno.EAGAIN; reads++) size = this.#readNow(this.#buffer);
    if (size === -Errno.EAGAIN) return false;
    this.#start = 0;
    this.#end = Math.max(size, 0);
    if (size <= 0) this.#failure = size;
    return true;
  }

  #callBack(): void {
    const callback = this.#callback;
    this.#leave();
    callback?.();
  }

  /** Stops the wait, and forgets the descriptor. It is not closed. */
  close(): void {
    this.#leave();
    this.#fd = -1;
    this.#end = this.#start;
  }

  #leave(): void {
    this.#callback = undefined;
    this.#stop?.();
    this.#stop = undefined;
  }
}
