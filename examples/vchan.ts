/**
 * Netcat between domains: sends its input to a program in another domain, and writes out what comes from there. The
 * other side may be this program, or any other one that uses libxenvchan, such as Xen's `vchan-socket-proxy`.
 *
 * ```sh
 * deno run examples/vchan.ts                                  # both sides, on a simulated Xen
 * deno run --allow-ffi examples/vchan.ts listen chat          # in a domU: waits for a client in domain 0
 * deno run --allow-ffi examples/vchan.ts connect 5 chat       # in dom0: connects to domain 5
 * deno run --allow-ffi examples/vchan.ts listen chat --to 5   # in dom0, for domain 5: there, run `connect 0 chat`
 * tar c . | deno run --allow-ffi examples/vchan.ts connect 5 files --close
 * ```
 *
 * The name stands for a path in XenStore, `/local/domain/SERVER/data/vchan/CLIENT/NAME`; a path works, too. It ends when
 * the other side closes the connection or, with `--close`, at the end of its input: a vchan cannot be closed in one
 * direction only.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { denoDomain } from "../backends/deno.ts";
import { MockXen } from "../backends/mock.ts";
import type { XenDomain } from "../mod.ts";
import { Vchan, VchanError, VchanServer } from "../src/vchan/mod.ts";

/** Whether an error says that the connection was closed, by either side. */
function isEnd(error: unknown): boolean {
  return error instanceof VchanError && (error.code === "closed" || error.code === "peer-closed");
}

/**
 * Sends the input and writes the output, until one side closes the connection.
 *
 * @param closes Whether to close it at the end of the input.
 */
async function converse(
  connection: Vchan,
  input: AsyncIterable<Uint8Array>,
  output: (bytes: Uint8Array) => Promise<void>,
  closes: boolean,
): Promise<void> {
  const send = async () => {
    try {
      for await (const bytes of input) await connection.write(bytes);
      // Some programs drop what they have not read when the connection is closed.
      if (closes) await connection.flush();
    } catch (error) {
      // The other side has closed the connection. What it wrote before is still to be read.
      if (!isEnd(error)) throw error;
    }
    if (closes) connection.close();
  };
  const receive = async () => {
    try {
      for await (const bytes of connection) await output(bytes);
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  };
  const received = receive();
  // Input that is still to come does not matter when the other side has gone.
  await Promise.race([received, send().then(() => received)]);
  connection.close();
}

/** Writes to the standard output, and waits until it has taken the bytes. */
function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(bytes, (error) => error ? reject(error) : resolve()));
}

/** Waits for a client, and talks to it. */
async function listen(domain: XenDomain, client: number, path: string, closes: boolean): Promise<void> {
  await using server = await VchanServer.listen(domain, client, { path });
  console.error(`waiting for domain ${client} at ${server.path}`);
  await converse(await server.accept(), process.stdin, writeOut, closes);
}

/** Waits for a server, and talks to it. */
async function connect(domain: XenDomain, server: number, path: string, closes: boolean): Promise<void> {
  console.error(`looking for ${path} of domain ${server}`);
  const connection = await Vchan.connect(domain, server, { path });
  console.error(`connected to domain ${server} at ${connection.path}`);
  await converse(connection, process.stdin, writeOut, closes);
}

/** Both sides on a simulated Xen: the server answers in capitals. */
async function demonstrate(): Promise<void> {
  console.log("on a simulated Xen, domain 1 listens and domain 0 connects");
  using xen = new MockXen();
  const path = "chat";
  const serve = async () => {
    await using server = await VchanServer.listen(xen.domain(1), 0, { path });
    const answers = new TransformStream<Uint8Array, Uint8Array>();
    const writer = answers.writable.getWriter();
    const output = async (bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      console.log(`domain 1 got: ${text}`);
      await writer.write(new TextEncoder().encode(text.toUpperCase()));
    };
    await converse(await server.accept(), answers.readable, output, false);
  };
  const ask = async () => {
    const answered = Promise.withResolvers<void>();
    async function* question() {
      yield new TextEncoder().encode("is anybody there?");
      await answered.promise;
    }
    const output = (bytes: Uint8Array) => {
      console.log(`domain 0 got: ${new TextDecoder().decode(bytes)}`);
      answered.resolve();
      return Promise.resolve();
    };
    await converse(await Vchan.connect(xen.domain(0), 1, { path }), question(), output, true);
  };
  await Promise.all([serve(), ask()]);
}

const USAGE = "usage: vchan.ts [listen <name> [--to <client>] | connect <server> <name>] [--close]";

/** Reads the command line, which may be wrong. */
function readArguments() {
  try {
    return parseArgs({
      options: {
        help: { type: "boolean", short: "h" },
        to: { type: "string", default: "0" },
        close: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const { values, positionals } = readArguments();
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const [role, ...rest] = positionals;
if (role === undefined) {
  await demonstrate();
} else if (role === "listen" && rest.length === 1 && /^\d+$/.test(values.to)) {
  await listen(denoDomain(), Number(values.to), rest[0]!, values.close);
  // Nobody waits for more input.
  process.exit();
} else if (role === "connect" && rest.length === 2 && /^\d+$/.test(rest[0]!)) {
  await connect(denoDomain(), Number(rest[0]), rest[1]!, values.close);
  process.exit();
} else {
  console.error(USAGE);
  process.exit(2);
}
