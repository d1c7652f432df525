import { Vchan, VchanServer, type VchanServerOptions } from "../../../src/vchan/mod.ts";
import type { VchanTarget } from "../target.ts";

/** How long a side waits for the other, in milliseconds: far longer than it takes. */
const PATIENCE = 30_000;

/** Both ends of a connection. */
export interface Ends {
  /** That of the server. */
  readonly ours: Vchan;
  /** That of the client. */
  readonly theirs: Vchan;
}

let tests = 0;

/** What a test of channels works with: all that it opens is closed at its end. */
export class VchanSetup {
  readonly target: VchanTarget;
  /** A path that no other test uses. */
  readonly path = `suite-${++tests}`;
  readonly #servers: VchanServer[] = [];
  readonly #connections: Vchan[] = [];

  constructor(target: VchanTarget) {
    this.target = target;
  }

  /** Listens for the client's domain. */
  readonly listen = async (options: Partial<VchanServerOptions> = {}): Promise<VchanServer> => {
    const { server, clientDomid, core } = this.target;
    const listening = await VchanServer.listen(server, clientDomid, { path: this.path, core, ...options });
    this.#servers.push(listening);
    return listening;
  };

  /** Connects to the server's domain. */
  readonly connect = async (timeout = PATIENCE): Promise<Vchan> => {
    const { client, serverDomid } = this.target;
    return this.#kept(await Vchan.connect(client, serverDomid, { path: this.path, timeout }));
  };

  /** Waits for a client. */
  readonly accept = async (server: VchanServer): Promise<Vchan> => {
    return this.#kept(await server.accept({ timeout: PATIENCE }));
  };

  /** Makes a server, its client and the connection between them. */
  readonly pair = async (options: Partial<VchanServerOptions> = {}): Promise<Ends> => {
    const server = await this.listen(options);
    const [ours, theirs] = await Promise.all([this.accept(server), this.connect()]);
    return { ours, theirs };
  };

  #kept(connection: Vchan): Vchan {
    this.#connections.push(connection);
    return connection;
  }

  /** Closes everything. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    for (const server of this.#servers) await server.close();
  }
}

/** Tests by their names. */
export type VchanTests = Record<string, (setup: VchanSetup) => Promise<void>>;

/** Bytes that say where in a stream they are. */
export function bytesFrom(first: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (first + index) * 167 >> 3);
}

/** Reads bytes until there are as many, or no more come, and checks that they are those of a stream. Returns how many. */
export async function readStream(vchan: Vchan, length: number, first = 0): Promise<number> {
  const target = new Uint8Array(50_000);
  let total = 0;
  while (total < length) {
    const count = await vchan.read(target.subarray(0, Math.min(target.length, length - total)));
    if (count === null) break;
    const expected = bytesFrom(first + total, count);
    const wrong = expected.findIndex((byte, index) => byte !== target[index]);
    if (wrong >= 0) throw new Error(`byte ${total + wrong} is ${target[wrong]} instead of ${expected[wrong]}`);
    total += count;
  }
  return total;
}

/** Writes a stream in pieces of many sizes. */
export async function writeStream(vchan: Vchan, length: number): Promise<void> {
  for (let done = 0, size = 1; done < length; done += size, size = size * 3 % 40_009) {
    size = Math.min(size, length - done);
    await vchan.write(bytesFrom(done, size));
  }
}
