/**
 * Waits for a descriptor in Node's own event loop, through koffi. It needs no thread, so none can hang at exit.
 *
 * @module
 */

import { constants } from "node:os";
import process from "node:process";
import { clearImmediate, setImmediate } from "node:timers";
import { isMainThread } from "node:worker_threads";
import { Errno } from "../../src/contract/errno.ts";

/** The part of koffi that uses Node's event loop. */
export interface NodePolling {
  poll(fd: number, events: { readable: true }, callback: () => void): { close(): void };
}

/** The call of the C library that waiting needs. */
interface PollCall {
  /** Checks one `struct pollfd` without waiting. Returns what C's `poll` returns, or a negative errno. */
  poll(descriptor: Uint8Array<ArrayBuffer>): number;
}

const POLLIN = 1;
const POLLNVAL = 0x20;
const REVENTS_OFFSET = 6;

/** Makes a function that implements {@linkcode Libc.whenReadable}. */
export function nodeWaiting(
  koffi: NodePolling,
  calls: PollCall,
): (fd: number, callback: () => void) => (() => void) | number {
  const waiting = new Set<number>();
  const descriptor = new Uint8Array(new ArrayBuffer(8));
  const view = new DataView(descriptor.buffer);

  return (fd, callback) => {
    // Node's event loop refuses descriptors that are closed, that it watches already, or that cannot be waited for.
    // koffi ends the process when that happens, so such descriptors are found first. A descriptor that cannot be waited
    // for is always ready.
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
    // koffi calls back from outside JavaScript: without a new turn of the event loop, promises resolved here would not
    // continue.
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
 * Keeps koffi's native library loaded when a worker ends. Without this, if a worker is terminated while it waits for
 * events, Node unloads the library and then calls it.
 *
 * @param modules The paths of the loaded modules, koffi's native one among them.
 */
export function keepLoaded(modules: readonly string[]): void {
  if (isMainThread) return;
  for (const path of modules) {
    if (!/[/\\]koffi[^/\\]*\.node$/.test(path)) continue;
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_LAZY | RTLD_NODELETE);
  }
}
