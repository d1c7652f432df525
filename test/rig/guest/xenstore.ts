/**
 * XenStore, through `/dev/xen/xenbus`. Works in dom0 and in a domU.
 *
 * A message is a head of four numbers and a text, as in Xen's public header `io/xs_wire.h`. Answers and the events of
 * watches come on the file on which the request was made.
 *
 * ```text
 * 0        4        8        12       16
 * | type   | number | 0      | length | text
 * ```
 */

const DEVICE = "/dev/xen/xenbus";
const READ = 2;
const WATCH = 4;
const WRITE = 11;
const WATCH_EVENT = 15;
const ERROR = 16;
const HEAD = 16;

/** An open file of the device, for one user. */
class Connection implements Disposable {
  readonly #file = Deno.openSync(DEVICE, { read: true, write: true });
  #unread = new Uint8Array(0);

  send(type: number, text: string): void {
    const body = new TextEncoder().encode(text);
    const message = new Uint8Array(HEAD + body.length);
    const head = new DataView(message.buffer);
    head.setUint32(0, type, true);
    head.setUint32(12, body.length, true);
    message.set(body, HEAD);
    if (this.#file.writeSync(message) !== message.length) throw new Error("XenStore took only a part of a request");
  }

  /** Reads the next message. Blocks the program until it comes. */
  receive(): { type: number; text: string } {
    while (true) {
      const message = this.#next();
      if (message) return message;
      const more = new Uint8Array(4096);
      this.#append(more.subarray(0, this.#file.readSync(more) ?? 0));
    }
  }

  /** Waits for the next message. */
  async wait(): Promise<{ type: number; text: string }> {
    while (true) {
      const message = this.#next();
      if (message) return message;
      const more = new Uint8Array(4096);
      this.#append(more.subarray(0, await this.#file.read(more) ?? 0));
    }
  }

  #append(more: Uint8Array): void {
    const joined = new Uint8Array(this.#unread.length + more.length);
    joined.set(this.#unread);
    joined.set(more, this.#unread.length);
    this.#unread = joined;
  }

  #next(): { type: number; text: string } | undefined {
    const bytes = this.#unread;
    if (bytes.length < HEAD) return;
    const head = new DataView(bytes.buffer, bytes.byteOffset);
    const end = HEAD + head.getUint32(12, true);
    if (bytes.length < end) return;
    this.#unread = bytes.slice(end);
    return { type: head.getUint32(0, true), text: new TextDecoder().decode(bytes.subarray(HEAD, end)) };
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Makes a request that XenStore answers at once. Returns the text of the answer. */
function request(type: number, text: string): string {
  using connection = new Connection();
  connection.send(type, text);
  const answer = connection.receive();
  if (answer.type === ERROR) {
    throw new Error(`XenStore says ${answer.text.replace("\0", "")} of ${text.split("\0")[0]}`);
  }
  return answer.text;
}

/** Writes a key, and makes the folders that it needs. */
export function write(path: string, value: string): void {
  request(WRITE, `${path}\0${value}`);
}

/** Reads a key. Returns `undefined` if there is none. */
export function read(path: string): string | undefined {
  try {
    return request(READ, `${path}\0`);
  } catch (error) {
    if ((error as Error).message.includes("ENOENT")) return undefined;
    throw error;
  }
}

/** Returns the domid of the domain that this program runs in. */
export function ownDomid(): number {
  // A relative path is below /local/domain/<own domid>.
  const domid = read("domid");
  if (domid === undefined) throw new Error("XenStore has no domid");
  return Number(domid);
}

/**
 * Yields the value of a key now, and again after each change.
 *
 * @throws {Error} if the key does not change for `timeoutSeconds`.
 */
export async function* watch(path: string, timeoutSeconds = Infinity): AsyncGenerator<string | undefined, never> {
  // A file of its own, as a waiting read blocks it. Closing it ends the watch.
  using connection = new Connection();
  connection.send(WATCH, `${path}\0watched\0`);
  while (true) {
    // XenStore sends an event for a new watch at once, so no change between the watch and the first read is missed.
    const { type, text } = await inTime(connection.wait(), path, timeoutSeconds);
    if (type === ERROR) throw new Error(`XenStore says ${text.replace("\0", "")} of the watch of ${path}`);
    if (type === WATCH_EVENT) yield read(path);
  }
}

async function inTime<T>(change: Promise<T>, path: string, seconds: number): Promise<T> {
  if (seconds === Infinity) return await change;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`${path} did not change as awaited within ${seconds} s`);
    timer = setTimeout(() => reject(error), seconds * 1000);
  });
  try {
    return await Promise.race([change, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until `accept` returns true for the value of a key, and returns that value. */
export async function wait(
  path: string,
  accept: (value: string) => boolean = () => true,
  timeoutSeconds = 60,
): Promise<string> {
  for await (const value of watch(path, timeoutSeconds)) {
    if (value !== undefined && accept(value)) return value;
  }
  throw new Error("a watch ends only by throwing");
}
