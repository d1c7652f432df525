/**
 * The requests of a peer that are about vchans. ../../peer/vchan*.c has most of them, with the same answers; those about
 * UNIX sockets are for Xen's `vchan-socket-proxy`.
 */

// Only types: on Node, the library comes from the npm package.
import type { XenDomain } from "../../../../mod.ts";
import type { Vchan, VchanServer } from "../../../../src/vchan/mod.ts";
import { Source } from "./content.ts";
import { type Duplex, exchange, readStream, serve, visit, writeStream } from "./streams.ts";

/** What a connection is; its index is what a peer answers. */
export const STATES = ["open", "closed", "peer-closed", "peer-gone", "protocol", "failed"] as const;

/** The size of a call and of its answer, in bytes. */
const CALL = 64;

/** Waits for connections. */
interface Listener extends AsyncIterable<Duplex> {
  accept(): Promise<Duplex>;
  close(): void | Promise<void>;
}

/** The parts of a runtime that it uses. */
export interface VchanParts {
  readonly library: { readonly Vchan: typeof Vchan; readonly VchanServer: typeof VchanServer };
  readonly domain: XenDomain;
  /** UNIX sockets, where there is a proxy to talk to. */
  readonly sockets?: {
    listen(path: string): Listener;
    connect(path: string): Promise<Duplex>;
  };
}

type Verb = (numbers: number[], words: string[]) => number[] | Promise<number[]>;

export class VchanVerbs {
  readonly #parts: VchanParts;
  readonly #servers: Listener[] = [];
  readonly #connections: Duplex[] = [];

  constructor(parts: VchanParts) {
    this.#parts = parts;
  }

  /** Closes everything. */
  close(): void {
    for (const connection of this.#connections) connection.close();
    for (const server of this.#servers) void server.close();
  }

  readonly table: Record<string, Verb> = {
    /** CLIENT PATH READ WRITE: the handle of a server. */
    "vchan-listen": async ([client, , readSize, writeSize], [, path]) => {
      const options = { path: path!, readSize: readSize!, writeSize: writeSize! };
      return [
        this.#servers.push(await this.#parts.library.VchanServer.listen(this.#parts.domain, client!, options)) - 1,
      ];
    },
    /** SERVER: the handle of the connection with the next client. */
    "vchan-accept": async ([server]) => [this.#keep(await this.#servers[server!]!.accept())],
    "vchan-close-server": async ([server]) => {
      await this.#servers[server!]!.close();
      return [];
    },
    /** SERVER PATH MILLISECONDS: the handle of the connection. */
    "vchan-connect": async ([server, , timeout], [, path]) => {
      return [this.#keep(await this.#connect(server!, path!, timeout!))];
    },
    "vchan-close": ([handle]) => {
      this.#connections[handle!]!.close();
      return [];
    },
    /** HANDLE: what it is, an index of the states. It is not asked of sockets. */
    "vchan-state": ([handle]) => [STATES.indexOf((this.#connections[handle!] as Vchan).ending?.reason ?? "open")],
    /** HANDLE: how many bytes can be written at once. */
    "vchan-space": ([handle]) => [(this.#connections[handle!] as Vchan).bufferSpace],
    /** PIECE OUT-BYTES OUT-SEED IN-BYTES IN-SEED HANDLE...: a stream each way over each, all at once. */
    "vchan-exchange": async ([piece, outLength, outSeed, inLength, inSeed, ...handles]) => {
      const connections = handles.map((handle) => this.#connections[handle]!);
      await exchange(connections, piece!, [outLength!, outSeed!], [inLength!, inSeed!]);
      return [];
    },
    /** HANDLE BYTES SEED: writes the beginning of a stream. */
    "vchan-write": async ([handle, length, seed]) => {
      await writeStream(this.#connections[handle!]!, length!, length!, seed!);
      return [];
    },
    /** HANDLE: waits until the other side has read everything. */
    "vchan-flush": async ([handle]) => {
      await (this.#connections[handle!] as Vchan).flush();
      return [];
    },
    /** HANDLE BYTES SEED: reads the beginning of a stream. */
    "vchan-read": async ([handle, length, seed]) => {
      return [await readStream(this.#connections[handle!]!, length!, seed!)];
    },
    /** HANDLE SEED: reads until the other side has left: how many bytes, and what the connection is then. */
    "vchan-rest": async ([handle, seed]) => {
      const vchan = this.#connections[handle!] as Vchan;
      const count = await readStream(vchan, Infinity, seed!);
      return [count, STATES.indexOf((await vchan.closed).reason)];
    },
    /** HANDLE SEED: answers at once, and writes a stream until the connection ends. */
    "vchan-flood": ([handle, seed]) => {
      writeStream(this.#connections[handle!]!, Infinity, 4096, seed!).catch(() => {});
      return [];
    },
    /** HANDLE COUNT LARGEST SEED: sends packets of 0 to LARGEST bytes. */
    "vchan-send": async ([handle, count, largest, seed]) => {
      const source = new Source(seed!);
      for (let number = 0; number < count!; number++) {
        await (this.#connections[handle!] as Vchan).send(source.packet(number * 37 % (largest! + 1)));
      }
      return [];
    },
    /** HANDLE COUNT LARGEST SEED: receives them, each whole. */
    "vchan-receive": async ([handle, count, largest, seed]) => {
      const source = new Source(seed!);
      for (let number = 0; number < count!; number++) {
        const expected = source.packet(number * 37 % (largest! + 1));
        const packet = new Uint8Array(expected.length);
        await (this.#connections[handle!] as Vchan).receive(packet);
        if (packet.some((byte, index) => byte !== expected[index])) throw new Error(`packet ${number} is wrong`);
      }
      return [];
    },
    /** HANDLE COUNT: sends a call and waits for its answer, again and again. */
    "vchan-call": async ([handle, count]) => {
      const vchan = this.#connections[handle!] as Vchan;
      const answer = new Uint8Array(CALL);
      for (let number = 0; number < count!; number++) {
        await vchan.send(new Uint8Array(CALL).fill(number));
        await vchan.receive(answer);
        if (answer.some((byte) => byte !== (number & 0xff))) throw new Error(`answer ${number} is wrong`);
      }
      return [];
    },
    /** HANDLE BYTES: sends back so many bytes. */
    "vchan-echo": async ([handle, length]) => {
      const bytes = new Uint8Array(4096);
      for (let done = 0, count; done < length!; done += count) {
        count = await this.#connections[handle!]!.read(bytes);
        if (count === null) throw new Error(`the connection ended after ${done} bytes`);
        await this.#connections[handle!]!.write(bytes.subarray(0, count));
      }
      return [];
    },
    /** SERVER PATH COUNT SEED: connects so many times; each time sends 100 bytes and reads them again. */
    "vchan-visit": async ([server, , count, seed], [, path]) => {
      await visit(() => this.#connect(server!, path!, 20_000), count!, seed!);
      return [];
    },
    /** SERVER BYTES: serves clients, one after the other, until so many bytes have come: sends back what each writes. */
    "vchan-serve": ([server, length]) => serve(this.#servers[server!]!, length!),
    "socket-listen": (_, [path]) => [this.#servers.push(this.#parts.sockets!.listen(path!)) - 1],
    "socket-connect": async (_, [path]) => [this.#keep(await this.#parts.sockets!.connect(path!))],
    "socket-visit": async ([, count, seed], [path]) => {
      await visit(() => this.#parts.sockets!.connect(path!), count!, seed!);
      return [];
    },
  };

  #connect(server: number, path: string, timeout: number): Promise<Vchan> {
    return this.#parts.library.Vchan.connect(this.#parts.domain, server, { path, timeout });
  }

  #keep(connection: Duplex): number {
    return this.#connections.push(connection) - 1;
  }
}
