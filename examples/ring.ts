/**
 * Sends messages both ways between two domains, over one shared page and an event channel. The server answers each message
 * of the client with its bytes inverted. Both check what they get.
 *
 * ```sh
 * deno run examples/ring.ts                                        # both sides, on a simulated Xen
 * deno run examples/ring.ts --messages 10000                       # how many messages the client sends
 * deno run --allow-ffi examples/ring.ts --device both 0            # both sides in this domain, domain 0 of a real Xen
 * deno run --allow-ffi examples/ring.ts --device serve 0           # in a domU: serves domain 0
 * deno run --allow-ffi examples/ring.ts --device connect 5 819 23  # in dom0: domain 5, the reference and the port
 * ```
 */
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../mod.ts";
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

const { values, positionals } = parseArgs({
  options: { device: { type: "boolean" }, messages: { type: "string" } },
  allowPositionals: true,
});
const [role = "both", ...rest] = positionals;
const [domid = 0, gref = 0, port = 0, ...more] = rest.map(Number);
const messages = Number(values.messages ?? 1000);
const numbers: Record<string, number> = { both: values.device ? 1 : 0, serve: 1, connect: 3 };
const valid = [domid, gref, port, messages].every(Number.isInteger) && messages >= 0 && more.length === 0;
if (!valid || numbers[role] !== rest.length || (role !== "both" && !values.device)) {
  console.error(
    "usage: ring.ts [--device both <own domid> | --device serve <client> | --device connect <server> <gref> <port>] " +
      "[--messages <number>]",
  );
  Deno.exit(2);
}

// Only these lines know where the program runs. The simulated Xen has two domains; on the devices there is this one.
const xen = new MockXen();
const [server, client] = values.device ? [domid, domid] : [1, 0];
const [serverDomain, clientDomain] = [server, client].map((domid) => values.device ? denoDomain() : xen.domain(domid));
if (!values.device) console.log(`on a simulated Xen, domain ${server} is the server and domain ${client} the client`);
using device = new GrantDevice(serverDomain!);
using mapper = new GrantMapper(clientDomain!);
using serverEvents = new EventChannels(serverDomain!);
using clientEvents = new EventChannels(clientDomain!);

if (role === "connect") {
  using ring = connect(mapper, clientEvents, server, gref, port);
  await ask(ring, messages);
} else {
  const served = serve(device.open(), serverEvents, client);
  using ring = served.ring;
  console.log(`serving domain ${client}: gref ${served.gref} port ${served.port}`);
  if (role === "both") {
    using other = connect(mapper, clientEvents, server, served.gref, served.port);
    await Promise.all([answer(ring), ask(other, messages)]);
  } else {
    console.log(
      `waiting for domain ${client} to run: ring.ts --device connect <this domain> ${served.gref} ${served.port}`,
    );
    await ring.connected();
    await answer(ring);
  }
}
