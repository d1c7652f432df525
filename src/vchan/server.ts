import type { XenDomain } from "../contract/domain.ts";
import { readOptions } from "../contract/options.ts";
import { showAs } from "../shared/inspection.ts";
import { WaitIterator } from "../shared/wait_iterator.ts";
import { Patience } from "../shared/patience.ts";
import { runAll } from "../shared/run_all.ts";
import { reasonOf } from "../shared/signal.ts";
import { unlessAborted } from "../xenstore/abort.ts";
import { closedError, lateError } from "./accept_errors.ts";
import type { KeyPlace } from "./keys.ts";
import type { VchanServerOptions, VchanWaitOptions } from "./options.ts";
import type { Orders } from "./orders.ts";
import { resolvePath } from "./path.ts";
import { Places } from "./places.ts";
import { Publication } from "./publication.ts";
import { allowWhenThere } from "./rights.ts";
import { Room } from "./room.ts";
import { readServerOptions } from "./server_options.ts";
import { ServerParts } from "./server_parts.ts";
import { Slot } from "./slot.ts";
import { Turns } from "./turns.ts";
import { makeVchan, type Vchan } from "./vchan.ts";

/**
 * Listens for clients of one domain. Each gets memory and a port of its own, so several may be connected at once, and
 * what one has left is not seen by the next.
 *
 * @example Serve clients, several at once
 * ```ts
 * import { Vchan, VchanError, VchanServer } from "@gntalloc/gntalloc/vchan";
 * import { MockXen } from "@gntalloc/gntalloc/mock";
 * import assert from "node:assert/strict";
 *
 * const xen = new MockXen();
 * const server = await VchanServer.listen(xen.domain(1), 0, { path: "echo" });
 * const serving = (async () => {
 *   for await (const connection of server) void echo(connection);
 * })();
 *
 * async function echo(connection: Vchan): Promise<void> {
 *   try {
 *     for await (const bytes of connection) await connection.write(bytes);
 *   } catch (error) {
 *     // A client may leave at any time: that must not end the server.
 *     if (!(error instanceof VchanError)) throw error;
 *   } finally {
 *     connection.close();
 *   }
 * }
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
      connections: server.#room.connections,
      closed: server.closed,
    }));
  }

  readonly #parts: ServerParts;
  readonly #publication: Publication;
  readonly #places: Places;
  readonly #spin: number;
  readonly #turns = new Turns();
  readonly #room = new Room();
  /** Aborted when no other client can come, with the reason. */
  readonly #ended = new AbortController();
  #closing: Promise<void> | undefined;

  private constructor(parts: ServerParts, place: KeyPlace, orders: Orders, spin: number) {
    this.#parts = parts;
    const { signal } = this.#ended;
    this.#publication = new Publication(parts.store, place, signal);
    const makeSlot = () => new Slot(parts.allocator, parts.events, place.client, orders);
    this.#places = new Places(this.#publication, makeSlot, signal, (error) => this.#end(error));
    this.#spin = spin;
  }

  /**
   * Sets up the memory for a client, and publishes where it is. A server of the same domain that has published itself
   * at the same path is replaced: it ends with `replaced`.
   *
   * A server that listens keeps the program alive until it is closed, as a listening socket does.
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
    const { path, orders, spin, core, signal } = readServerOptions(domid, options);
    if (signal?.aborted) throw reasonOf(signal);
    const parts = await ServerParts.open(domain, domid, core, signal);
    let server: VchanServer | undefined;
    try {
      return await unlessAborted(signal, async () => {
        const own = await parts.store.ownDomid({ signal });
        // The parts are closed by now.
        if (signal?.aborted) throw reasonOf(signal);
        const place = { path: resolvePath("listen", path, own, domid), server: own, client: domid };
        server = new VchanServer(parts, place, orders, spin);
        await server.#begin();
        return server;
      });
    } catch (error) {
      const cleaning = cleanUp(parts, server);
      // Whoever gives up does not wait for a XenStore that may not answer.
      if (!signal?.aborted) await cleaning;
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const { peer } = this.#parts;
    // Before the keys: the rights of a domain that comes later would have to be given again.
    const isThere = await peer.isThere();
    await this.#publication.watch((error) => this.#end(error));
    await this.#places.prepare();
    if (isThere) return;
    allowWhenThere(this.#parts, this.#publication, this.#ended.signal).catch(() => {
      // What ends the server is noticed by its watch.
    });
  }

  /** The domain that may connect. */
  get domid(): number {
    return this.#publication.place.client;
  }

  /** Where the server has published itself: the absolute path in XenStore. */
  get path(): string {
    return this.#publication.place.path;
  }

  /** Whether it was closed. A server that has ended by itself has to be closed, too. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Waits for the next client. One that came since the last call counts.
   *
   * If there are too few pages or ports for another client, it waits until a connection is closed. A client that comes
   * while the call is given up is returned by the next call.
   *
   * @param options How long to wait, and a signal.
   * @returns The connection. It outlives the server.
   * @throws {VchanError} `timed-out` if nobody comes in time; `closed` if the server was closed; `replaced` if another
   * one has published itself at the same path, or if the nodes were removed.
   * @throws {StoreError} `disconnected` if XenStore is lost. As after `replaced`, each later call says so, too.
   * @throws {GrantError} if there are too few pages or ports, and no connection of this server has any.
   */
  accept(options?: VchanWaitOptions): Promise<Vchan> {
    return this.#accept(options, false);
  }

  /** @param more Whether to make a place for another client at once. */
  async #accept(options: VchanWaitOptions | undefined, more: boolean): Promise<Vchan> {
    const given = readOptions("accept", options, ["signal", "timeout"]);
    const patience = new Patience(
      "accept",
      given,
      (timeout) => lateError(this.domid, this.path, timeout, this.#places.taken !== undefined),
    );
    const { signal } = patience;
    try {
      await this.#turns.enter(signal);
      try {
        const slot = await this.#taken(signal);
        // Before anybody can talk to this client: when it leaves, another one could take its place unnoticed. If this
        // takes too long, the next call has the client.
        await unlessAborted(signal, () => this.#places.renew(more));
        if (this.closed) throw closedError(this.path);
        this.#places.next();
        return this.#connected(slot);
      } finally {
        this.#turns.leave();
      }
    } catch (error) {
      // Whatever a wait says when the server is closed meanwhile.
      throw this.closed ? closedError(this.path) : error;
    } finally {
      patience.release();
    }
  }

  /** Waits until a client has taken a place. One that has come before the server ended is served, too. */
  async #taken(signal: AbortSignal): Promise<Slot> {
    let slot = this.#places.taken;
    slot ??= await unlessAborted(this.#ended.signal, async () => {
      const open = await this.#room.retry(() => unlessAborted(signal, () => this.#places.prepare()), signal);
      await open.joined(signal);
      return open;
    });
    slot.markSeen();
    return slot;
  }

  #connected(slot: Slot): Vchan {
    const parts = this.#parts;
    parts.hold();
    this.#room.take();
    return makeVchan(slot, {
      domid: this.domid,
      path: this.path,
      spin: this.#spin,
      watcher: parts.peer,
      onRelease: () => {
        this.#room.giveBack();
        parts.letGo();
      },
    });
  }

  /**
   * Iterates over the clients: each as {@linkcode VchanServer.accept} returns it. While the loop handles one, the next
   * may already connect. The loop ends when the server is closed, and throws what {@linkcode VchanServer.accept} does
   * if the server has ended by itself.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Vchan> {
    return new WaitIterator(async (signal) => {
      if (this.closed) return null;
      try {
        return await this.#accept({ signal }, true);
      } catch (error) {
        if (this.closed) return null;
        throw error;
      }
    });
  }

  /** Has no other client come, for a reason that each later call is told. */
  #end(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(error);
    this.#places.releaseFree();
  }

  /**
   * Listens no more: removes the keys, and then the folders that this server has made, if they are empty. Connections
   * stay. Calls of `accept()` that wait fail with `closed`, and loops end.
   *
   * The memory is free when the keys are removed, and at the latest when XenStore has not answered in time. What
   * another server has published stays, as do all nodes if XenStore is lost.
   *
   * @throws {GrantError} or {StoreError} if the system refuses. The server is closed anyway.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const hasEnded = this.#ended.signal.aborted;
    const slots = this.#places.takeAll();
    this.#ended.abort(closedError(this.path));
    try {
      runAll(...slots.map((slot) => () => slot.leave()));
    } finally {
      try {
        // Before the memory and the port are free: the next server may get the same ones, and publish them.
        if (!hasEnded) await this.#publication.withdraw();
      } finally {
        runAll(...slots.map((slot) => () => slot.release()), () => this.#parts.letGo());
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
}

/** Undoes a `listen()` that has failed. */
async function cleanUp(parts: ServerParts, server: VchanServer | undefined): Promise<void> {
  try {
    if (server === undefined) parts.letGo();
    else await server.close();
  } catch {
    // The first error is the one that counts.
  }
}
