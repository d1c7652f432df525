/**
 * Waiting in Node's own event loop, which koffi lets watch a descriptor: no thread is needed, and none hangs at exit.
 *
 * @module
 */

import { constants } from "node:os";
import process from "node:process";
import { clearImmediate, setImmediate } from "node:timers";
import { isMainThread } from "node:worker_threads";
import { Errno } from "../../src/contract/errno.ts";

/** The part of koffi that reaches Node's event loop. */
export interface NodePolling {
  poll(fd: number, events: { readable: true }, callback: () => void): { close(): void };
}

/** The call of the C library that is needed. It returns what C's does, or a negative errno. */
export interface PollCall {
  /** Looks at one `struct pollfd`, and does not wait. */
  poll(descriptor: Uint8Array<ArrayBuffer>): number;
}

const POLLIN = 1;
const POLLNVAL = 0x20;
const REVENTS_OFFSET = 6;

/** Makes {@linkcode Libc.whenReadable} of Node's event loop. */
export function nodeWaiting(
  koffi: NodePolling,
  calls: PollCall,
): (fd: number, callback: () => void) => (() => void) | number {
  const waiting = new Set<number>();
  const descriptor = new Uint8Array(new ArrayBuffer(8));
  const view = new DataView(descriptor.buffer);

  return (fd, callback) => {
    // Node's loop cannot watch what is closed, or watched, or not to be waited for; and koffi ends the process when it says so.
    // What is none of these is at least ready at once.
    if (waiting.has(fd)) return -Errno.EEXIST;
    view.setInt32(0, fd, true);
    view.setUint32(4, POLLIN, true);
    const ready = calls.poll(descriptor);
    if (ready < 0) return ready;
    if ((view.getUint16(REVENTS_OFFSET, true) & POLLNVAL) !== 0) return -Errno.EBADF;

    let handle: { close(): void } | undefined;
    let immediate: ReturnType<typeof setImmediate> | undefined;
    let over = false;
    const end = () => {
      over = true;
      waiting.delete(fd);
      handle?.close();
      clearImmediate(immediate);
    };
    // koffi calls from outside of JavaScript, where promises that are resolved would wait for something else to happen.
    const callSoon = () => {
      handle?.close();
      immediate = setImmediate(() => {
        end();
        callback();
      });
    };
    waiting.add(fd);
    if (ready > 0) callSoon();
    else handle = koffi.poll(fd, { readable: true }, callSoon);
    return () => {
      if (!over) end();
    };
  };
}

const RTLD_NODELETE = 0x1000;

/**
 * Keeps koffi's native library loaded when a worker ends. Otherwise, where a worker is terminated that waits for events, Node
 * unloads the library first and calls it afterwards.
 *
 * @param modules The paths of loaded modules, koffi's native one among them.
 */
export function keepLoaded(modules: readonly string[]): void {
  if (isMainThread) return;
  for (const path of modules) {
    if (!/[/\\]koffi[^/\\]*\.node$/.test(path)) continue;
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
  }
}
