/**
 * Waits for many descriptors in one thread. This is for a runtime whose event loop cannot watch a descriptor, but which
 * can make a call in another thread.
 *
 * The descriptors are in an epoll set, which can change while the thread waits: a new wait need not wake the thread.
 * The thread keeps the process alive, so it is woken, through an eventfd, when the last wait is stopped. While nothing
 * waits, there is no thread. Nothing polls.
 *
 * ```text
 * event loop                              thread
 * whenReadable(5)    epoll_ctl ADD        epoll_wait …
 * whenReadable(6)    epoll_ctl ADD          "
 *                                         … returns 5
 * callback of 5      epoll_ctl DEL        epoll_wait …
 * 6 is stopped       epoll_ctl DEL, write … returns the eventfd, and the thread ends
 * ```
 *
 * @module
 */

/** The bare calls. Each returns what its C function returns, or a negative errno. */
export interface PollerCalls<Address> {
  epollCreate(flags: number): number;
  epollControl(epoll: number, operation: number, fd: number, event: Uint8Array<ArrayBuffer>): number;
  /** Returns what is ready now, without waiting. */
  epollCheck(epoll: number, events: Address, maximum: number): number;
  /** Waits in another thread. A negative result says only that the call failed: errno belongs to that thread. */
  epollWait(epoll: number, events: Address, maximum: number): Promise<number>;
  eventfd(value: number, flags: number): number;
  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number;
  close(fd: number): number;
  /**
   * Returns memory that is never freed: the thread may still be in its call when the heap of the program, or of a
   * worker, is gone.
   */
  memory(length: number): { address: Address; bytes: ArrayBuffer } | number;
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 1;
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
/** The most events that one call returns. The next call returns the others. */
const MAXIMUM = 64;

/** The descriptors that are open from the first use on. */
interface Opened {
  readonly epoll: number;
  /** An eventfd. Writing to it ends the thread's call. */
  readonly waker: number;
}

/** Calls back when descriptors are readable. */
export class Poller<Address> {
  readonly #calls: PollerCalls<Address>;
  /**
   * Bytes of a `struct epoll_event`: 32 bits of flags, a gap unless the structure is packed, and 64 bits of user data.
   */
  readonly #eventSize: number;
  readonly #event: Uint8Array<ArrayBuffer>;
  readonly #waiting = new Map<number, () => void>();
  #opened: Opened | undefined;
  #memory: { readonly address: Address; readonly view: DataView<ArrayBuffer> } | undefined;
  #polling = false;

  /** @param packed Whether `struct epoll_event` is packed, as it is on x86-64. */
  constructor(calls: PollerCalls<Address>, packed: boolean) {
    this.#calls = calls;
    this.#eventSize = packed ? 12 : 16;
    this.#event = new Uint8Array(new ArrayBuffer(this.#eventSize));
  }

  /** Implements {@linkcode Libc.whenReadable}. */
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
      // Either a signal interrupted the call, or the set is broken. The same call in this thread tells which.
      if (count < 0) count = this.#calls.epollCheck(epoll, address, MAXIMUM);
      if (count < 0) this.#giveUp();
      else this.#deliver(count);
    }
    this.#polling = false;
  }

  #deliver(count: number): void {
    const { view } = this.#memory!;
    // Read all events before the first callback, which may wait again or stop another wait.
    const fds = Array.from({ length: count }, (_, i) => view.getUint32((i + 1) * this.#eventSize - 8, true));
    for (const fd of fds) {
      if (fd === this.#opened?.waker) {
        this.#calls.read(fd, new Uint8Array(new ArrayBuffer(8)));
        continue;
      }
      const callback = this.#waiting.get(fd);
      if (callback === undefined) continue; // it was stopped meanwhile
      this.#remove(fd);
      call(callback);
    }
  }

  /**
   * Closes a broken set, such as one whose descriptor the program has closed by mistake. All waits are called back:
   * their callers find out for themselves, and may wait again on a new set.
   */
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

/** Calls back. An error is reported as uncaught, and does not keep the other callbacks from being called. */
function call(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
