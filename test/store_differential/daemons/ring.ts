import { nextTurn } from "../../../src/contract/event_loop.ts";
import type { StoreBackend, StoreConnection } from "../../../src/contract/store_backend.ts";

/** Bytes of each of the two rings: requests at the beginning of the page, and replies behind them. */
const RING_SIZE = 1024;
/** Where the page has its counters, 32 bits each. They count bytes, and wrap around. */
const REQUESTS_PRODUCED = 2052;
const REPLIES_CONSUMED = 2056;
const REPLIES_PRODUCED = 2060;
/** The number of turns of the event loop after which to look at the page less often. */
const EAGER_LOOKS = 200;

/** The page through which a domain talks to a daemon: what the kernel of the domain has, and hides from its programs. */
export class Ring implements StoreBackend {
  readonly name: string;
  readonly #page: Deno.FsFile;
  readonly #wake: () => void;

  /**
   * @param path The file that the daemon has mapped.
   * @param wake Sends an event to the daemon.
   */
  constructor(path: string, wake: () => void) {
    this.name = path;
    this.#page = Deno.openSync(path, { read: true, write: true });
    this.#wake = wake;
  }

  /** Returns a connection. There is only one: watches and transactions belong to the domain. */
  open(): StoreConnection {
    return new RingConnection(this.#page, this.#wake);
  }

  /** Closes the file of the page. */
  close(): void {
    this.#page.close();
  }
}

class RingConnection implements StoreConnection {
  readonly maxPayload = 4096;
  readonly maxInFlight = Infinity;
  readonly #page: Deno.FsFile;
  readonly #wake: () => void;
  readonly #number = new Uint8Array(4);
  readonly #view = new DataView(this.#number.buffer);
  #unsent = new Uint8Array(0);

  constructor(page: Deno.FsFile, wake: () => void) {
    this.#page = page;
    this.#wake = wake;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    const unsent = new Uint8Array(this.#unsent.length + message.length);
    unsent.set(this.#unsent);
    unsent.set(message, this.#unsent.length);
    this.#unsent = unsent;
    this.#push();
  }

  /** Puts as much into the ring as there is room for. */
  #push(): void {
    if (this.#unsent.length === 0) return;
    const produced = this.#get(REQUESTS_PRODUCED);
    const room = RING_SIZE - ((produced - this.#get(2048)) >>> 0);
    if (room === 0) return;
    const part = this.#unsent.subarray(0, room);
    const at = produced % RING_SIZE;
    this.#write(at, part.subarray(0, RING_SIZE - at));
    this.#write(0, part.subarray(RING_SIZE - at));
    this.#set(REQUESTS_PRODUCED, produced + part.length);
    this.#unsent = this.#unsent.slice(part.length);
    this.#wake();
  }

  receive(bytes: Uint8Array<ArrayBuffer>): number {
    this.#push();
    const consumed = this.#get(REPLIES_CONSUMED);
    const size = Math.min(bytes.length, this.#waiting);
    if (size === 0) return 0;
    const at = consumed % RING_SIZE;
    const first = Math.min(size, RING_SIZE - at);
    this.#read(RING_SIZE + at, bytes.subarray(0, first));
    this.#read(RING_SIZE, bytes.subarray(first, size));
    this.#set(REPLIES_CONSUMED, consumed + size);
    this.#wake();
    return size;
  }

  get #waiting(): number {
    return (this.#get(REPLIES_PRODUCED) - this.#get(REPLIES_CONSUMED)) >>> 0;
  }

  whenReadable(callback: () => void): () => void {
    let looks = 0;
    let isStopped = false;
    const look = () => {
      if (isStopped) return;
      this.#push();
      if (this.#waiting > 0) callback();
      else if (++looks < EAGER_LOOKS) nextTurn(look);
      else setTimeout(look, 1);
    };
    nextTurn(look);
    return () => {
      isStopped = true;
    };
  }

  /** Does nothing: the ring is the domain's. */
  close(): void {}

  #get(offset: number): number {
    this.#read(offset, this.#number);
    return this.#view.getUint32(0, true);
  }

  #set(offset: number, value: number): void {
    this.#view.setUint32(0, value >>> 0, true);
    this.#write(offset, this.#number);
  }

  #read(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#page.seekSync(offset, Deno.SeekMode.Start);
    if (this.#page.readSync(bytes) !== bytes.length) throw new Error("the page is shorter than a page");
  }

  #write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#page.seekSync(offset, Deno.SeekMode.Start);
    if (this.#page.writeSync(bytes) !== bytes.length) throw new Error("the page was written in part");
  }
}
