import { checkInteger } from "../contract/checks.ts";
import type { VchanOperation } from "./errors.ts";

/** What both sides choose for a connection. */
export interface VchanOptions {
  /**
   * Where the server publishes what its client needs, in XenStore:
   *
   * - a port, such as `5000`, or a name without slashes: it stands for `/local/domain/SERVER/data/vchan/CLIENT/NAME`,
   *   as in Qubes;
   * - a path below the home of the server, such as `data/chat`;
   * - an absolute path.
   *
   * If the other side uses libxenvchan, the absolute path may have at most 49 bytes: the library cuts longer ones,
   * without an error. Paths of names up to 12 characters are short enough.
   */
  path: string | number;
  /**
   * How long a call that waits looks for the other side before it sleeps, in microseconds: a whole number from 0 to
   * 1000. This blocks the program for that time, and saves the much longer time of waking it. After it was in vain, it
   * is skipped for 1 wait, then for 2, and up to 64, until it succeeds. 0 turns it off.
   *
   * @default {100}
   */
  spin?: number | undefined;
}

/** How to wait. */
export interface VchanWaitOptions {
  /** Ends the waiting when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * How long to wait, in milliseconds: a whole number from 0 to 2,147,483,647, or `Infinity` for no limit. The timer
   * is the program's own: fake timers of a test framework control it.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
}

/** How to connect to a server. */
export interface VchanConnectOptions extends VchanOptions, VchanWaitOptions {}

/** How to make a call that may wait. */
export interface VchanCallOptions {
  /** Gives the call up when it is aborted: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** How to listen for clients. */
export interface VchanServerOptions extends VchanOptions {
  /**
   * How many bytes a client can write before they are read here, at least: 0 to 1,048,576. The ring has the next size
   * that libxenvchan knows: 1 KiB, 2 KiB, or a power of two from 4 KiB on. Each 4 KiB take a page of those that the
   * domain may grant, usually 1024.
   *
   * @default {32768}
   */
  readSize?: number | undefined;
  /**
   * How many bytes can be written here before the client reads them, likewise.
   *
   * @default {32768}
   */
  writeSize?: number | undefined;
  /**
   * The compiled core: `core.wasm` of this package. Needed where compiling WebAssembly from bytes is forbidden, as for
   * a `GrantDevice`.
   *
   * @default {undefined}
   */
  core?: WebAssembly.Module | undefined;
  /** Gives up listening when it is aborted before the server is there. It has no effect later. */
  signal?: AbortSignal | undefined;
}

/** Reads the option `spin`. */
export function checkSpin(what: VchanOperation, spin: number = 100): number {
  checkInteger(what, "`spin`", spin, 0, 1000);
  return spin;
}
