/**
 * Waits for many descriptors in one thread, for a runtime whose own event loop cannot, but which makes a call in a thread of
 * its own while the loop goes on.
 *
 * The descriptors are in an epoll set of the kernel's, which changes while the thread waits for it: so nothing has to be woken
 * when somebody begins to wait. Only when nobody waits any more is the thread called back, through an event descriptor, as it
 * keeps the process alive. While nobody waits there is no thread, and nothing is ever looked at from time to time.
 *
 * ```text
 * event loop                              thread
 * whenReadable(fd)   epoll_ctl ADD        epoll_wait …
 * another one        epoll_ctl ADD          "
 *                                         … says fd
 * epoll_ctl DEL, callback                 epoll_wait … for the other one
 * the other stops    epoll_ctl DEL, write … ends
 * ```
 *
 * @module
 */

/** The calls as a runtime makes them: each returns what C's does, or a negative errno. */
export interface PollerCalls<Address> {
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Uint8Array<ArrayBuffer>): number;
  /** Waits for nothing: what there is by now. */
  epollLook(epoll: number, events: Address, maximum: number): number;
  /** Waits in another thread. A negative result is any one, as the error number may be another thread's. */
  epollWait(epoll: number, events: Address, maximum: number): Promise<number>;
  eventfd(value: number, flags: number): number;
  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  close(fd: number): number;
  /**
   * Memory that is never given back: the thread may be in the middle of a call when the program's heap, or that of a worker,
   * is gone.
   */
  memory(length: number): { address: Address; bytes: ArrayBuffer } | number;
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
/** Events asked for at once. What is left over comes with the next call. */
const MAXIMUM = 64;

/** What is open from the first use on. */
interface Opened {
  readonly epoll: number;
  /** Ends the thread's call when it is written to. */
  readonly waker: number;
}

/** Whoever waits, by descriptor. */
export class Poller<Address> {
  readonly #calls: PollerCalls<Address>;
  /** Bytes of a `struct epoll_event`: 32 bits of flags, and 64 of ours in the end, with no gap in between on x86-64. */
  readonly #eventSize: number;
  readonly #event: Uint8Array<ArrayBuffer>;
  readonly #waiting = new Map<number, () => void>();
  #opened: Opened | undefined;
  #memory: { readonly address: Address; readonly view: DataView<ArrayBuffer> } | undefined;
  #polling = false;

  /** @param packed Whether the fields of a `struct epoll_event` are packed: on x86-64 they are. */
  constructor(calls: PollerCalls<Address>, packed: boolean) {
    this.#calls = calls;
    this.#eventSize = packed ? 12 : 16;
    this.#event = new Uint8Array(new ArrayBuffer(this.#eventSize));
  }

  /** As {@linkcode Libc.whenReadable}. */
  whenReadable(fd: number, callback: () => void): (() => void) | number {
    const opened = this.#open();
    if (typeof opened === "number") return opened;
    const added = this.#add(opened.epoll, fd);
    if (added < 0) return added;
    this.#waiting.set(fd, callback);
    if (!this.#polling) this.#poll();
    return () => {
      if (this.#waiting.get(fd) !== callback) return;
      this.#remove(fd);
      if (this.#waiting.size === 0 && this.#polling) this.#wake();
    };
  }

  #open(): Opened | number {
    if (this.#opened !== undefined) return this.#opened;
    const calls = this.#calls;
    if (this.#memory === undefined) {
      const memory = calls.memory(MAXIMUM * this.#eventSize);
      if (typeof memory === "number") return memory;
      this.#memory = { address: memory.address, view: new DataView(memory.bytes) };
    }
    const epoll = calls.epollCreate(EPOLL_CLOEXEC);
    if (epoll < 0) return epoll;
    const waker = calls.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const failure = waker < 0 ? waker : this.#add(epoll, waker);
    if (failure < 0) {
      calls.close(epoll);
      if (waker >= 0) calls.close(waker);
      return failure;
    }
    return this.#opened = { epoll, waker };
  }

  #add(epoll: number, fd: number): number {
    const view = new DataView(this.#event.buffer);
    view.setUint32(0, EPOLLIN, true);
    view.setUint32(this.#eventSize - 8, fd, true);
    view.setUint32(this.#eventSize - 4, 0, true);
    return this.#calls.epollControl(epoll, EPOLL_CTL_ADD, fd, this.#event);
  }

  #remove(fd: number): void {
    this.#waiting.delete(fd);
    if (this.#opened !== undefined) this.#calls.epollControl(this.#opened.epoll, EPOLL_CTL_DEL, fd, this.#event);
  }

  #wake(): void {
    const one = new Uint8Array(new BigUint64Array([1n]).buffer);
    if (this.#opened !== undefined) this.#calls.write(this.#opened.waker, one);
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiting.size > 0 && this.#opened !== undefined) {
      const { epoll } = this.#opened;
      const { address } = this.#memory!;
      let count = await this.#calls.epollWait(epoll, address, MAXIMUM);
      // A signal ended the call, or something is wrong: the same call here tells which.
      if (count < 0) count = this.#calls.epollLook(epoll, address, MAXIMUM);
      if (count < 0) this.#giveUp();
      else this.#deliver(count);
    }
    this.#polling = false;
  }

  #deliver(count: number): void {
    const { view } = this.#memory!;
    // All are read before anybody is called back: who is may wait again, or stop another one.
    const fds = Array.from({ length: count }, (_, i) => view.getUint32((i + 1) * this.#eventSize - 8, true));
    for (const fd of fds) {
      if (fd === this.#opened?.waker) {
        this.#calls.read(fd, new Uint8Array(new ArrayBuffer(8)));
        continue;
      }
      const callback = this.#waiting.get(fd);
      if (callback === undefined) continue; // stopped meanwhile
      this.#remove(fd);
      call(callback);
    }
  }

  /** Somebody closed what is not theirs. Whoever waits is called back, sees for himself, and may wait on a new set. */
  #giveUp(): void {
    const { epoll, waker } = this.#opened!;
    this.#opened = undefined;
    this.#calls.close(epoll);
    this.#calls.close(waker);
    const callbacks = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const callback of callbacks) call(callback);
  }
}

/** What a callback throws is nobody's here, and keeps nobody else from being called. */
function call(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
