import { checkDomid, checkInteger } from "../contract/checks.ts";
import type { XenDomain } from "../contract/domain.ts";
import { GrantError } from "../contract/errors.ts";
import { readOptions } from "../contract/options.ts";
import { checkCore } from "../grants/check_core.ts";
import { showAs } from "../shared/inspection.ts";
import { Patience } from "../shared/patience.ts";
import { checkSignal, reasonOf } from "../shared/signal.ts";
import { unlessAborted } from "../xenstore/abort.ts";
import { Bell } from "./bell.ts";
import { Clients } from "./clients.ts";
import { VchanError } from "./errors.ts";
import { type KeyPlace, type Keys, publish, retire, RETIRED, withdraw } from "./keys.ts";
import { checkSpin, type VchanServerOptions, type VchanWaitOptions } from "./options.ts";
import { chooseOrders, MOST_BYTES, type Orders } from "./orders.ts";
import { resolvePath } from "./path.ts";
import { allowWhenThere } from "./rights.ts";
import { ServerParts } from "./server_parts.ts";
import { Slot } from "./slot.ts";
import { Turns } from "./turns.ts";
import { makeVchan, type Vchan } from "./vchan.ts";

const RING = 32 * 1024;

/** Codes of refusals that may be over when pages of a connection are given back. */
const NO_ROOM: readonly string[] = ["limit-reached", "kernel-limit-reached", "table-full", "no-space", "no-memory"];

/**
 * Listens for clients of one domain. Each gets memory and a port of its own, so several may be connected at once, and
 * what one has left is not seen by the next.
 *
 * @example Serve one client after the other
 * ```ts
 * import { Vchan, VchanServer } from "@gntalloc/gntalloc/vchan";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * const server = await VchanServer.listen(xen.domain(1), 0, { path: "echo" });
 * const serving = (async () => {
 *   for await (using connection of server) {
 *     for await (const bytes of connection) await connection.write(bytes);
 *   }
 * })();
 *
 * for (const number of [1, 2, 3]) {
 *   using client = await Vchan.connect(xen.domain(0), 1, { path: "echo" });
 *   await client.write(Uint8Array.of(number));
 *   const echo = new Uint8Array(1);
 *   await client.receive(echo);
 *   assert.equal(echo[0], number);
 * }
 * await server.close();
 * await serving;
 * ```
 */
export class VchanServer implements AsyncIterable<Vchan>, Disposable, AsyncDisposable {
  static {
    showAs(VchanServer, "VchanServer", (server) => ({
      path: server.path,
      domid: server.domid,
      connections: server.#connections,
      closed: server.closed,
    }));
  }

  readonly #parts: ServerParts;
  readonly #place: KeyPlace;
  readonly #orders: Orders;
  readonly #spin: number;
  readonly #turns = new Turns();
  /** Rings when a connection has given back its memory. */
  readonly #room = new Bell();
  readonly #stop = new AbortController();
  /** What waits for a client. */
  #slot: Slot | undefined;
  #preparing: Promise<Slot> | undefined;
  /** The keys that were published last. */
  #keys: Keys | undefined;
  #connections = 0;
  #closing: Promise<void> | undefined;

  private constructor(parts: ServerParts, place: KeyPlace, orders: Orders, spin: number) {
    this.#parts = parts;
    this.#place = place;
    this.#orders = orders;
    this.#spin = spin;
  }

  /**
   * Sets up the memory for a client, and publishes where it is. A server of the same domain that has published itself at
   * the same path is replaced.
   *
   * @param domain The domain that the program runs in: `denoDomain()`, `nodeDomain()`, or MockXen's `domain()`.
   * @param domid The domain that may connect, 0 to 32751 (0x7FEF). It need not exist yet.
   * @param options The path, the sizes of the rings, whether to spin, and a signal.
   * @throws {TypeError} or {RangeError} if an argument is wrong.
   * @throws {GrantError} `kernel-limit-reached` or another code if there are too few pages or ports.
   * @throws {StoreError} `denied` if this domain may not write to the path; or as any request.
   */
  static async listen(
    domain: Pick<XenDomain, "grants" | "maps" | "events" | "store">,
    domid: number,
    options: VchanServerOptions,
  ): Promise<VchanServer> {
    const what = "listen";
    checkDomid(what, domid);
    const given = readOptions(what, options, ["path", "readSize", "writeSize", "spin", "core", "signal"]);
    const { path, readSize = RING, writeSize = RING, core, signal } = given;
    resolvePath(what, path, 0, domid);
    checkInteger(what, "`readSize`", readSize, 0, MOST_BYTES);
    checkInteger(what, "`writeSize`", writeSize, 0, MOST_BYTES);
    const spin = checkSpin(what, given.spin);
    checkSignal(what, signal);
    if (core !== undefined) checkCore(what, core);
    if (signal?.aborted) throw reasonOf(signal);
    const parts = await ServerParts.open(domain, domid, core, signal);
    let server: VchanServer | undefined;
    try {
      const own = await parts.store.ownDomid({ signal });
      const place = { path: resolvePath(what, path, own, domid), server: own, client: domid };
      server = new VchanServer(parts, place, chooseOrders(readSize, writeSize), spin);
      await server.#begin(signal);
      return server;
    } catch (error) {
      try {
        if (server === undefined) parts.letGo();
        // It may still be publishing its keys.
        else await server.close();
      } catch {
        // The first error is the one that counts.
      }
      throw error;
    }
  }

  async #begin(signal: AbortSignal | undefined): Promise<void> {
    const { peer } = this.#parts;
    // Before the keys: the rights of a domain that comes later would have to be given again.
    const isThere = await peer.isThere();
    await this.#prepare(signal);
    if (isThere) return;
    allowWhenThere(this.#parts, this.#place, () => this.#keys, this.#stop.signal).catch(() => {
      // XenStore is lost, so no client can find this server; its next use of it says so.
    });
  }

  /** The domain that may connect. */
  get domid(): number {
    return this.#place.client;
  }

  /** Where the server has published itself: the absolute path in XenStore. */
  get path(): string {
    return this.#place.path;
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Waits for the next client. One that came since the last call counts.
   *
   * If there are too few pages for another client, it waits until a connection is closed.
   *
   * @param options How long to wait, and a signal.
   * @returns The connection. It outlives the server.
   * @throws {VchanError} `timed-out` if nobody comes in time; `closed` if the server was closed.
   * @throws {GrantError} if there are too few pages or ports, and no connection of this server has any.
   */
  accept(options?: VchanWaitOptions): Promise<Vchan> {
    return this.#accept(options, false);
  }

  /** @param more Whether to make a place for another client at once. */
  async #accept(options: VchanWaitOptions | undefined, more: boolean): Promise<Vchan> {
    const given = readOptions("accept", options, ["signal", "timeout"]);
    const patience = new Patience("accept", given, (timeout) =>
      new VchanError(
        `Cannot accept: no client of domain ${this.domid} has come to ${this.path} within ${timeout} ms. See ` +
          "whether it runs and uses the same path, or raise `timeout`.",
        { code: "timed-out", operation: "accept" },
      ));
    const { signal } = patience;
    try {
      await this.#turns.enter(signal);
      try {
        const slot = await this.#prepare(signal);
        await slot.joined(signal);
        this.#slot = undefined;
        const connection = this.#connected(slot);
        // Before anybody can talk to this client: when it leaves, another one could take its place unnoticed.
        await this.#replaceKeys(slot.keys, more);
        return connection;
      } finally {
        this.#turns.leave();
      }
    } catch (error) {
      // Whatever a wait says when the server is closed meanwhile.
      throw this.closed ? this.#closedError() : error;
    } finally {
      patience.release();
    }
  }

  #connected(slot: Slot): Vchan {
    const parts = this.#parts;
    parts.hold();
    this.#connections++;
    return makeVchan(slot, {
      domid: this.domid,
      path: this.path,
      spin: this.#spin,
      watcher: parts.peer,
      onRelease: () => {
        this.#connections--;
        this.#room.ring();
        parts.letGo();
      },
    });
  }

  /** Makes sure that no other client finds keys that were used. If XenStore is lost, nobody finds them either. */
  async #replaceKeys(used: Keys, more: boolean): Promise<void> {
    try {
      if (more) await this.#publish();
    } catch {
      // The next call of `accept()` says so.
    }
    if (this.#keys !== used) return;
    this.#keys = RETIRED;
    await retire(this.#parts.store, this.path, used).catch(() => {});
  }

  /** Makes sure that a client can come. Waits for pages if connections have them. */
  async #prepare(signal: AbortSignal | undefined): Promise<Slot> {
    for (;;) {
      if (this.closed) throw this.#closedError();
      if (this.#slot !== undefined) return this.#slot;
      try {
        return await unlessAborted(signal, () => this.#publish());
      } catch (error) {
        const waits = error instanceof GrantError && NO_ROOM.includes(error.code) && this.#connections > 0;
        if (!waits) throw error;
        await this.#room.wait(signal);
      }
    }
  }

  /** Makes a place for a client, and publishes it. */
  #publish(): Promise<Slot> {
    return this.#preparing ??= this.#open().finally(() => this.#preparing = undefined);
  }

  async #open(): Promise<Slot> {
    const { allocator, events, store } = this.#parts;
    const slot = new Slot(allocator, events, this.domid, this.#orders);
    try {
      await publish(store, this.#place, slot.keys);
      // Even if it was closed meanwhile: these are the keys to withdraw.
      this.#keys = slot.keys;
      if (this.closed) throw this.#closedError();
    } catch (error) {
      slot.release();
      throw error;
    }
    this.#slot = slot;
    return slot;
  }

  /**
   * Iterates over the clients: each as {@linkcode VchanServer.accept} returns it. While the loop handles one, the next
   * may already connect. The loop ends when the server is closed.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Vchan> {
    return new Clients((options) => this.#accept(options, true), () => this.closed);
  }

  /**
   * Listens no more: removes the keys, unless another server has replaced them, and the folders that are empty then.
   * Connections stay. Calls of `accept()` that wait fail with `closed`, and loops end.
   *
   * @throws {GrantError} or {StoreError} if the system refuses. The server is closed anyway.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const slot = this.#slot;
    this.#slot = undefined;
    this.#stop.abort();
    try {
      slot?.release();
    } finally {
      await this.#preparing?.catch(() => {});
      try {
        if (this.#keys !== undefined) await withdraw(this.#parts.store, this.path, this.#keys);
      } finally {
        this.#parts.letGo();
      }
    }
  }

  /** Closes the server, like {@linkcode VchanServer.close}, without waiting until the keys are removed. */
  [Symbol.dispose](): void {
    this.close().catch(() => {});
  }

  /** Closes the server, like {@linkcode VchanServer.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #closedError(): VchanError {
    return new VchanError(`Cannot accept: the server at ${this.path} was closed. Listen again.`, {
      code: "closed",
      operation: "accept",
    });
  }
}
