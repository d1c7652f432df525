import { checkDomid } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { readOptions } from "../contract/options.ts";
import { showAs } from "../shared/inspection.ts";
import { WaitIterator } from "../shared/wait_iterator.ts";
import { Patience } from "../shared/patience.ts";
import { readSignal, type StoreRequestOptions } from "../xenstore/abort.ts";
import { joinWhenThere } from "./client.ts";
import type { VchanOperation } from "./errors.ts";
import { Incoming } from "./incoming.ts";
import { type DomainWatcher, Life, type VchanEnding } from "./life.ts";
import type { Link } from "./link.ts";
import { Obstacle } from "./obstacle.ts";
import { Outgoing } from "./outgoing.ts";
import { Pace } from "./pace.ts";
import { checkSpin, type VchanCallOptions, type VchanConnectOptions } from "./options.ts";
import { resolvePath } from "./path.ts";
import { Spin } from "./spin.ts";
import { readableOf, writableOf } from "./streams.ts";

/** Makes a connection. A function, because users shall not. */
export let makeVchan: (
  link: Link,
  about: { domid: number; path: string; spin: number; watcher: DomainWatcher; onRelease(): void },
) => Vchan;

function signalOf(what: VchanOperation, options: StoreRequestOptions | undefined): AbortSignal | undefined {
  return options === undefined ? undefined : readSignal(what, options);
}

/**
 * A connection between two domains, over which bytes go both ways: a vchan, as programs with libxenvchan speak it. A
 * client gets it from {@linkcode Vchan.connect}, and a server from `VchanServer`.
 *
 * Bytes come in order, and none is lost or comes twice. They are a stream, without borders between writes. Calls that
 * read take their turns in the order of the calls, and so do those that write; reading and writing do not wait for each
 * other.
 *
 * It keeps the program alive until it has ended, as an open socket does.
 *
 * @example Ask a question
 * ```ts
 * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "demo" });
 * using client = await Vchan.connect(xen.domain(0), 1, { path: "demo" });
 * using connection = await server.accept();
 *
 * await client.write(new TextEncoder().encode("ping"));
 * const question = new Uint8Array(100);
 * assert.equal(await connection.read(question), 4);
 *
 * await connection.write(new TextEncoder().encode("pong"));
 * const answer = new Uint8Array(4);
 * await client.receive(answer);
 * assert.equal(new TextDecoder().decode(answer), "pong");
 * ```
 */
export class Vchan implements AsyncIterable<Uint8Array<ArrayBuffer>>, Disposable {
  static {
    makeVchan = (link, { domid, path, spin, watcher, onRelease }) => {
      return new Vchan(link, domid, path, spin, watcher, onRelease);
    };
    showAs(Vchan, "Vchan", (vchan) => ({
      domid: vchan.#domid,
      path: vchan.#path,
      ended: vchan.#life.ending?.reason ?? false,
    }));
  }

  readonly #domid: number;
  readonly #path: string;
  readonly #life: Life;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  private constructor(
    link: Link,
    domid: number,
    path: string,
    spin: number,
    watcher: DomainWatcher,
    onRelease: () => void,
  ) {
    this.#domid = domid;
    this.#path = path;
    const life = this.#life = new Life(link, domid, watcher, onRelease);
    const pace = new Pace();
    this.#incoming = new Incoming(link.reader, life, pace, new Spin(spin));
    this.#outgoing = new Outgoing(link.writer, life, pace, new Spin(spin));
  }

  /**
   * Connects to a server. If it is not there yet, waits for it. Keys that a killed server has left behind are no reason
   * to fail: the server may come again.
   *
   * @param domain The domain that the program runs in: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @param domid The domain of the server, 0 to 32751 (0x7FEF).
   * @param options The path of the server, how long to wait, and whether to spin. With a `timeout` of 0, it looks once,
   * for as long as XenStore takes to answer.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {VchanError} `timed-out` if there is no server that takes this client in time: the message says what was
   * there; `protocol` if the server's page is wrong.
   * @throws {GrantError} or {StoreError} if the system refuses: `no-device` or `permission`, for example;
   * `port-refused` if this domain has no free port.
   *
   * @example Wait for a server that comes later
   * ```ts
   * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   *
   * const xen = new MockXen();
   * const connecting = Vchan.connect(xen.domain(0), 1, { path: 5000, timeout: 10_000 });
   * await using server = await VchanServer.listen(xen.domain(1), 0, { path: 5000 });
   * using client = await connecting;
   * using connection = await server.accept();
   * ```
   */
  static async connect(
    domain: Pick<XenDomain, "maps" | "events" | "store">,
    domid: number,
    options: VchanConnectOptions,
  ): Promise<Vchan> {
    const what = "connect";
    checkDomid(what, domid);
    const { path, signal, timeout, spin } = readOptions(what, options, ["path", "signal", "timeout", "spin"]);
    resolvePath(what, path, domid, 0);
    const microseconds = checkSpin(what, spin);
    const obstacle = new Obstacle(domid, path!);
    // It would be over before XenStore has answered.
    const isOnce = timeout === 0;
    const patience = new Patience(what, isOnce ? { signal } : { signal, timeout }, (after) => obstacle.late(after));
    try {
      const joining = joinWhenThere(domain, domid, path!, patience, obstacle, isOnce);
      const { link, path: where, watcher, close } = await joining;
      return makeVchan(link, { domid, path: where, spin: microseconds, watcher, onRelease: close });
    } finally {
      patience.release();
    }
  }

  /** The domain of the other side. */
  get domid(): number {
    return this.#domid;
  }

  /** Where the server has published itself: the absolute path in XenStore. */
  get path(): string {
    return this.#path;
  }

  /**
   * Fulfilled when the connection has ended, with the reason. It is never rejected.
   *
   * If the other side has ended it, what it had written can still be read, and this side still has to be closed.
   *
   * Unlike the `closed` of a server and of other handles, it is a promise, as that of a stream's reader. To ask whether
   * the connection has ended, use {@linkcode Vchan.ending}.
   *
   * @example See why a connection has ended
   * ```ts
   * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * const program = xen.domain(1).process();
   * const server = await VchanServer.listen(program, 0, { path: "demo" });
   * using client = await Vchan.connect(xen.domain(0), 1, { path: "demo" });
   * await (await server.accept()).write(Uint8Array.of(1, 2, 3));
   *
   * program.kill();
   * assert.equal((await client.closed).reason, "peer-closed");
   * const rest = new Uint8Array(10);
   * assert.equal(await client.read(rest), 3);
   * assert.equal(await client.read(rest), null);
   * ```
   */
  get closed(): Promise<VchanEnding> {
    return this.#life.closed;
  }

  /** Why the connection has ended; `undefined` as long as it has not. */
  get ending(): VchanEnding | undefined {
    return this.#life.ending;
  }

  /**
   * How many bytes can be read at once.
   *
   * @throws {VchanError} as {@linkcode Vchan.read}.
   */
  get dataReady(): number {
    return this.#incoming.ready();
  }

  /**
   * How many bytes can be written at once.
   *
   * @throws {VchanError} as {@linkcode Vchan.write}.
   */
  get bufferSpace(): number {
    return this.#outgoing.room();
  }

  /**
   * Reads what is there, and waits until something is.
   *
   * @param target Receives the bytes, from its beginning. Do not use it until the call has ended.
   * @param options A signal that gives the call up. Nothing was read then.
   * @returns How many bytes were read: at least 1; or `null` if the other side has left and nothing is left to be read.
   * For an empty target, it is 0 at once, even at the end: see {@linkcode Vchan.ending}.
   * @throws {VchanError} `closed` if the connection was closed here; `protocol` if the other side broke the protocol.
   */
  read(target: Uint8Array, options?: VchanCallOptions): Promise<number | null> {
    try {
      return this.#incoming.read(target, signalOf("read", options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Reads what is there, without waiting.
   *
   * @param target Receives the bytes, from its beginning.
   * @returns How many bytes were read: 0 if nothing is there, or other calls wait for it; or `null` if nothing will
   * come.
   * @throws {VchanError} as {@linkcode Vchan.read}.
   */
  tryRead(target: Uint8Array): number | null {
    return this.#incoming.tryRead(target);
  }

  /**
   * Waits until as many bytes are there as an array has, and reads them: the packet call of libxenvchan. Both sides
   * have to agree about the sizes of packets; the channel does not know them.
   *
   * @param target Receives the bytes: at most as many as the ring holds. Do not use it until the call has ended.
   * @param options A signal that gives the call up. Nothing was read then.
   * @returns How many bytes were read: all that the target has; or `null` if the other side has left and fewer are
   * left, which can then be read.
   * @throws {RangeError} if the target is larger than the ring.
   * @throws {VchanError} as {@linkcode Vchan.read}.
   */
  receive(target: Uint8Array, options?: VchanCallOptions): Promise<number | null> {
    try {
      return this.#incoming.receive(target, signalOf("receive", options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Writes bytes, and waits until all of them are in the ring. The other side may not have read them by then.
   *
   * @param bytes The bytes. Do not change them until the call has ended.
   * @param options A signal that gives the call up. Some of the bytes may have been written then.
   * @throws {VchanError} `peer-closed` or `peer-gone` if the other side has left; `closed` if the connection was closed
   * here; `protocol` if the other side broke the protocol.
   */
  write(bytes: Uint8Array, options?: VchanCallOptions): Promise<void> {
    try {
      return this.#outgoing.write(bytes, signalOf("write", options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Writes as many bytes as there is room for, without waiting.
   *
   * @param bytes The bytes.
   * @returns How many were written: 0 if there is no room, or other calls wait for it.
   * @throws {VchanError} as {@linkcode Vchan.write}.
   */
  tryWrite(bytes: Uint8Array): number {
    return this.#outgoing.tryWrite(bytes);
  }

  /**
   * Waits until there is room for all of the bytes, and writes them at once: the packet call of libxenvchan.
   *
   * @param bytes The bytes: at most as many as the ring holds. Do not change them until the call has ended.
   * @param options A signal that gives the call up. Nothing was written then.
   * @throws {RangeError} if there are more bytes than the ring holds.
   * @throws {VchanError} as {@linkcode Vchan.write}.
   *
   * @example Send packets of a fixed size
   * ```ts
   * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "demo" });
   * using client = await Vchan.connect(xen.domain(0), 1, { path: "demo" });
   * using connection = await server.accept();
   *
   * const packet = new Uint8Array(16);
   * const receiving = connection.receive(packet);
   * await client.send(new Uint8Array(16).fill(7));
   * assert.equal(await receiving, 16);
   * assert.equal(packet[15], 7);
   * ```
   */
  send(bytes: Uint8Array, options?: VchanCallOptions): Promise<void> {
    try {
      return this.#outgoing.send(bytes, signalOf("send", options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Waits until the other side has read everything that was written. It takes its turn among the calls that write.
   *
   * Closing needs no such wait if the other side uses this library, or reads to the end: what was written can still be
   * read. Some programs drop it: Xen's `vchan-socket-proxy` looks for the end of the connection first.
   *
   * @param options A signal that gives the call up.
   * @throws {VchanError} `peer-closed` or `peer-gone` if the other side has left before it had read everything; or as
   * {@linkcode Vchan.write}.
   *
   * @example Close when everything has arrived
   * ```ts
   * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "demo" });
   * using client = await Vchan.connect(xen.domain(0), 1, { path: "demo" });
   * using connection = await server.accept();
   *
   * await client.write(new Uint8Array(1000));
   * const flushing = client.flush();
   * await connection.receive(new Uint8Array(1000));
   * await flushing;
   * assert.equal(connection.dataReady, 0);
   * ```
   */
  flush(options?: VchanCallOptions): Promise<void> {
    try {
      return this.#outgoing.flush(signalOf("flush", options));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The bytes of the other side as a stream of bytes, for which a reader may bring its own buffers. It ends when the
   * other side has left and everything was read. Cancelling it closes the connection.
   *
   * @example Pass on what comes
   * ```ts
   * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "echo" });
   * const client = await Vchan.connect(xen.domain(0), 1, { path: "echo" });
   * const connection = await server.accept();
   * const echoing = connection.readable.pipeTo(connection.writable);
   *
   * await client.write(new TextEncoder().encode("hello"));
   * const echo = new Uint8Array(5);
   * await client.receive(echo);
   * assert.equal(new TextDecoder().decode(echo), "hello");
   * client.close();
   * await echoing;
   * ```
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableOf(this.#incoming, this.#life);
  }

  /**
   * A stream of bytes to the other side. As a vchan cannot be closed in one direction only, closing this stream closes
   * the connection, once everything is written; with `pipeTo`, `preventClose` avoids that. The other side can still
   * read what was written.
   *
   * When the connection has ended otherwise, the stream fails with the `VchanError` of a write, even if
   * nothing is written. A chunk that is not a `Uint8Array` errors the stream, and leaves the connection open.
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= writableOf(this.#outgoing, this.#life);
  }

  /**
   * Iterates over what the other side writes, in arrays of up to 64 KiB as it comes, until the other side has left and
   * everything was read. Leaving the loop does not close the connection.
   *
   * @example Read until the other side closes
   * ```ts
   * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
   * import { MockXen } from "@gntalloc/gntalloc/mock";
   * import assert from "node:assert/strict";
   *
   * const xen = new MockXen();
   * await using server = await VchanServer.listen(xen.domain(1), 0, { path: "demo" });
   * using client = await Vchan.connect(xen.domain(0), 1, { path: "demo" });
   * const connection = await server.accept();
   * await connection.write(new Uint8Array(1000));
   * connection.close();
   *
   * let total = 0;
   * for await (const bytes of client) total += bytes.length;
   * assert.equal(total, 1000);
   * ```
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return new WaitIterator((signal) => this.#incoming.chunk(signal));
  }

  /**
   * Ends the connection, and gives back its memory. The other side can still read what was written. Calls that wait
   * fail with `closed`. Does nothing if it is closed.
   *
   * @throws {GrantError} if the system refuses. The connection is closed anyway.
   */
  close(): void {
    this.#life.close();
  }

  /** Ends the connection, like {@linkcode Vchan.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
