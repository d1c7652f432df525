/**
 * Commands from dom0 to a domU, and the answers, as JSON in two keys of the domU's folder in XenStore.
 *
 * A request and its answer have the same number, so that a key that is seen twice is served once.
 */

import { StoreError } from "../../../src/xenstore/mod.ts";
import { xenstore } from "./xenstore.ts";

/** The most characters that XenStore keeps in one key for an unprivileged domain: 2047 bytes with one permission. */
const VALUE_LIMIT = 2015;

// deno-lint-ignore no-explicit-any -- JSON, whose shape only the two ends of a command know
export type Json = any;

/** The commands of a domU. They may be asynchronous. */
type Handlers = Record<string, (args: Json) => Json | Promise<Json>>;

interface Request {
  number: number;
  command: string;
  args: Json;
}

interface Response {
  number: number;
  value?: Json;
  error?: string;
}

/** The folder in XenStore that both ends use. The domU may write here, and dom0 anywhere. */
function folder(domid: number): string {
  return `/local/domain/${domid}/data`;
}

/** dom0's end. It makes one call at a time. */
export class Channel {
  #number = 0;
  #folder: string;

  private constructor(domid: number) {
    this.#folder = folder(domid);
  }

  /** Waits until the domU serves commands. An HVM domU may take most of the time of a test to boot. */
  static async connect(domid: number, timeoutSeconds = 230): Promise<Channel> {
    const channel = new Channel(domid);
    const store = await xenstore();
    await store.waitFor(`${channel.#folder}/ready`, undefined, { timeout: timeoutSeconds * 1000 });
    return channel;
  }

  /**
   * Makes the domU run a command, and returns the answer.
   *
   * @throws {Error} if the command throws, with its message, or if no answer comes in time.
   */
  async call(
    command: string,
    args: Json = {},
    timeoutSeconds = 60,
  ): Promise<Json> {
    const number = ++this.#number;
    const request: Request = { number, command, args };
    const store = await xenstore();
    await store.write(`${this.#folder}/request`, encode(request));
    const answer = await store.waitFor(
      `${this.#folder}/response`,
      (value) => JSON.parse(value).number === number,
      { timeout: timeoutSeconds * 1000 },
    );
    const { value, error }: Response = JSON.parse(answer);
    if (error !== undefined) {
      throw new Error(`${command} in the domU: ${error}`);
    }
    return value;
  }
}

/** The domU's end. It serves one command after another until the domain is destroyed. */
export async function serve(handlers: Handlers): Promise<never> {
  const store = await xenstore();
  await store.write("data/ready", "1");
  let served = 0;
  for await (const path of store.watch("data/request")) {
    const text = await store.readText(path).catch((error) => {
      if (error instanceof StoreError && error.code === "not-found") return undefined;
      throw error;
    });
    if (text === undefined) continue;
    const { number, command, args }: Request = JSON.parse(text);
    if (number === served) continue;
    served = number;
    await store.write("data/response", await answer(handlers, number, command, args));
  }
  throw new Error("a watch ends only by throwing");
}

async function answer(
  handlers: Handlers,
  number: number,
  command: string,
  args: Json,
): Promise<string> {
  try {
    const handler = handlers[command];
    if (!handler) throw new Error(`there is no command ${command}`);
    return encode({ number, value: await handler(args) });
  } catch (error) {
    return encode({ number, error: String(error).slice(0, VALUE_LIMIT / 4) });
  }
}

/** Encodes as ASCII, so that characters and bytes are the same number. */
function encode(message: Request | Response): string {
  const text = JSON.stringify(message).replace(
    /[^ -~]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (text.length > VALUE_LIMIT) {
    throw new RangeError(
      `Cannot send a message of ${text.length} bytes: the limit is ${VALUE_LIMIT}`,
    );
  }
  return text;
}
