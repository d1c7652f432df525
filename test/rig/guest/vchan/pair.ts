/** Connections between two peers. */

import type { Peer } from "../peers.ts";

/** How long a client waits for its server, in milliseconds: far longer than it takes. */
const PATIENCE = 20_000;

let paths = 0;

/** Returns a path that was not used before. It is short enough for libxenvchan. */
export function newPath(server: number, client: number): string {
  return `/local/domain/${server}/data/vchan/${client}/${++paths}`;
}

/** The sizes that a server asks for. */
export interface Sizes {
  readonly readSize?: number;
  readonly writeSize?: number;
}

/** Makes a server listen. Returns its handle. */
export async function listen(
  server: Peer,
  client: number,
  path: string,
  { readSize = 32_768, writeSize = 32_768 }: Sizes = {},
): Promise<number> {
  const [handle] = await server.ask("vchan-listen", client, path, readSize, writeSize);
  return handle!;
}

/** Makes a client connect. Returns its handle. */
export async function connect(client: Peer, server: number, path: string, timeout = PATIENCE): Promise<number> {
  const [handle] = await client.ask("vchan-connect", server, path, timeout);
  return handle!;
}

/** Makes a server wait for a client. Returns the handle of the connection. */
export async function accept(server: Peer, listening: number): Promise<number> {
  const [handle] = await server.ask("vchan-accept", listening);
  return handle!;
}

/** One end of a connection. */
export interface End {
  readonly peer: Peer;
  readonly handle: number;
}

/** A connection. Both ends are in different domains, and each is asked one thing at a time. */
export class Pair {
  readonly server: End;
  readonly client: End;
  readonly #listening: number;

  private constructor(server: End, client: End, listening: number) {
    this.server = server;
    this.client = client;
    this.#listening = listening;
  }

  /** Connects two peers. */
  static async open(server: Peer, client: Peer, sizes: Sizes = {}): Promise<Pair> {
    const path = newPath(server.domid, client.domid);
    const listening = await listen(server, client.domid, path, sizes);
    return Pair.join(server, listening, client, path);
  }

  /** Connects a client to a server that listens. */
  static join(server: Peer, listening: number, client: Peer, path: string): Promise<Pair> {
    return Pair.meet(server, listening, client, connect(client, server.domid, path));
  }

  /** Waits for a client that is connecting. */
  static async meet(server: Peer, listening: number, client: Peer, connecting: Promise<number>): Promise<Pair> {
    const [there, here] = await Promise.all([accept(server, listening), connecting]);
    return new Pair({ peer: server, handle: there }, { peer: client, handle: here }, listening);
  }

  /** Each side as the one that does something, and the other one. */
  get eitherWay(): readonly (readonly [End, End])[] {
    return [[this.server, this.client], [this.client, this.server]];
  }

  /**
   * Sends a stream each way, both at once.
   *
   * @param toClient How many bytes the server writes, and `toServer` the client.
   * @param piece The size of the pieces; 0 for many sizes.
   */
  async exchange(toClient: number, toServer: number = toClient, piece = 0): Promise<void> {
    const { server, client } = this;
    await Promise.all([
      server.peer.ask("vchan-exchange", piece, toClient, 1, toServer, 1000, server.handle),
      client.peer.ask("vchan-exchange", piece, toServer, 1000, toClient, 1, client.handle),
    ]);
  }

  /** Closes everything, the client first. */
  async close(): Promise<void> {
    await close(this.client);
    await close(this.server);
    await this.closeServer();
  }

  /** Closes the server alone. */
  async closeServer(): Promise<void> {
    await this.server.peer.ask("vchan-close-server", this.#listening);
  }
}

/** Closes one end. */
export async function close({ peer, handle }: End): Promise<void> {
  await peer.ask("vchan-close", handle);
}
