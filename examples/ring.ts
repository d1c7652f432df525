/**
 * Sends messages both ways between two domains, over one shared page and an event channel. The server answers each message
 * of the client with its bytes inverted. Both check what they get. They find each other by a name in XenStore.
 *
 * ```sh
 * deno run examples/ring.ts                                  # both sides, on a simulated Xen
 * deno run examples/ring.ts --messages 10000                 # how many messages the client sends
 * deno run --allow-ffi examples/ring.ts serve ring           # in a domU: serves domain 0
 * deno run --allow-ffi examples/ring.ts connect 5 ring       # in dom0: connects to domain 5
 * deno run --allow-ffi examples/ring.ts serve ring --to 5    # in dom0, for domain 5: there, run `connect 0 ring`
 * ```
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import { EventChannels, GrantDevice, GrantError, GrantMapper, type XenDomain } from "../mod.ts";
import { XenStore } from "../src/xenstore/mod.ts";
import { announce, find, withdraw } from "./ring/announcement.ts";
import { connect, MAX_MESSAGE, type MessageRing, serve } from "./ring/message_ring.ts";

/** Makes the message of a number. The messages have all lengths. */
function message(number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(number * 61 % (MAX_MESSAGE + 1));
  for (let index = 0; index < bytes.length; index++) bytes[index] = number + index;
  return bytes;
}

function inverted(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.map((byte) => ~byte);
}

function check(number: number, got: Uint8Array, expected: Uint8Array): void {
  let same = got.length === expected.length;
  for (let index = 0; same && index < got.length; index++) same = got[index] === expected[index];
  if (!same) {
    throw new Error(`message ${number} of ${got.length} bytes differs from the expected ${expected.length} bytes`);
  }
}

/** The server: answers every message until the client finishes. */
async function answer(ring: MessageRing): Promise<void> {
  let number = 0;
  for await (const received of ring) {
    check(number, received, message(number));
    number++;
    await ring.send(inverted(received));
  }
  ring.finish();
  console.log(`server: ${number} messages received and answered`);
}

/** The client: sends and receives at the same time. */
async function ask(ring: MessageRing, messages: number): Promise<void> {
  const begin = performance.now();
  const send = async () => {
    for (let number = 0; number < messages; number++) await ring.send(message(number));
    ring.finish();
  };
  const receive = async () => {
    let number = 0;
    for await (const received of ring) {
      check(number, received, inverted(message(number)));
      number++;
    }
    if (number !== messages) throw new Error(`${number} of ${messages} messages were answered`);
  };
  await Promise.all([send(), receive()]);
  const time = Math.round(performance.now() - begin);
  console.log(`client: ${messages} messages sent, all answers right, in ${time} ms`);
}

/** Makes a server, announces it by a name to a client, and answers the client. */
async function runServer(domain: XenDomain, name: string, client: number): Promise<void> {
  using device = new GrantDevice(domain);
  using events = new EventChannels(domain);
  using store = await XenStore.open(domain);
  const { ring: served, gref, port } = serve(device.open(), events, client);
  using ring = served;
  await announce(store, name, client, { gref, port });
  try {
    console.log(`server: waits for domain ${client}, at gref ${gref} and port ${port}`);
    await ring.connected();
    await answer(ring);
  } catch (error) {
    // If the store is lost, too, the first error says more.
    await withdraw(store, name).catch(() => {});
    throw error;
  }
  await withdraw(store, name);
}

/** Finds a server, and sends it messages. */
async function runClient(domain: XenDomain, server: number, name: string, messages: number): Promise<void> {
  using mapper = new GrantMapper(domain);
  using events = new EventChannels(domain);
  using store = await XenStore.open(domain);
  const end = performance.now() + PATIENCE;
  for (;;) {
    const { gref, port } = await find(store, server, name, {
      timeout: Math.max(0, Math.ceil(end - performance.now())),
    });
    try {
      using ring = connect(mapper, events, server, gref, port);
      return await ask(ring, messages);
    } catch (error) {
      if (!isStale(error) || performance.now() > end) throw error;
      console.log(`client: nobody serves gref ${gref} and port ${port} any more; waits for the next server`);
      await sleep(1000);
    }
  }
}

/** Whether Xen knows a reference or a port no longer: a server that was killed has left its announcement behind. */
function isStale(error: unknown): boolean {
  return error instanceof GrantError && (error.code === "port-refused" || error.code === "map-refused");
}

/** How long a client waits for a server, in milliseconds. */
const PATIENCE = 60_000;

const USAGE = `usage: ring.ts [serve <name> [--to <client>] | connect <server> <name>] [--messages <number>]

Without \`serve\` or \`connect\`, both sides run on a simulated Xen. With them, this domain is one side: run it with
--allow-ffi, as root, and the other side in the other domain, with the same name.

  <name>         a name without slashes, by which the two find each other
  --to           the domain that the server serves: it must run already (default: 0)
  --messages     how many messages the client sends (default: 1000)`;

/** Reads the command line, which may be wrong. */
function readArguments() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", short: "h" },
        to: { type: "string", default: "0" },
        messages: { type: "string", default: "1000" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    Deno.exit(2);
  }
}

const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  Deno.exit();
}
const [role, ...rest] = positionals;
const [messages, to, from] = [values.messages, values.to, rest[0]].map(Number) as [number, number, number];
const valid = Number.isInteger(messages) && messages >= 0;
if (valid && role === undefined) {
  const xen = new MockXen();
  console.log("on a simulated Xen, domain 1 is the server and domain 0 the client");
  await Promise.all([runServer(xen.domain(1), "ring", 0), runClient(xen.domain(0), 1, "ring", messages)]);
} else if (valid && role === "serve" && rest.length === 1 && Number.isInteger(to)) {
  await runServer(denoDomain(), rest[0]!, to);
} else if (valid && role === "connect" && rest.length === 2 && Number.isInteger(from)) {
  await runClient(denoDomain(), from, rest[1]!, messages);
} else {
  console.error(USAGE);
  Deno.exit(2);
}
