/**
 * One end of a channel, by this library: over the stand-in for the devices, with a simulated XenStore of its own, whose
 * two nodes come from files and go to files. Runs in Deno and, from the npm package, in Node.
 *
 * Arguments: the modules of the domain, of MockXen, of XenStore and of channels; the function of the domain; the stand-in;
 * `server` or `client`; how many bytes rings have at least; and how long to spin, in microseconds.
 *
 * Prints a line when it listens, another one when it is connected, and answers each line of the input:
 *
 * ```text
 * send SIZE COUNT OFFSET       writes so often so many bytes, from memory that begins so many bytes after a page
 * try SIZE COUNT OFFSET        likewise, by `tryWrite()`, and by `write()` what there is no room for
 * receive SIZE COUNT OFFSET    reads them
 * ask SIZE COUNT OFFSET        sends messages, each after the reply to the one before
 * answer SIZE COUNT OFFSET     sends the replies
 * wait MILLISECONDS 0 0        waits for bytes that do not come
 * write SIZE COUNT OFFSET      writes so often
 * read SIZE COUNT OFFSET       reads as often
 * ```
 *
 * The answer is a JSON object: the nanoseconds that it took, the microseconds that the processor worked, and by how many
 * bytes the heap has grown.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";
// Only types: under Node the library comes from the npm package.
import type { Vchan as Channel } from "../../src/vchan/mod.ts";

const PATH = "/local/domain/0/data/vchan/1/bench";
const NODES = ["ring-ref", "event-channel"];
const PAGE = 4096;
/** The most bytes of a write, and those of a read. */
const MOST = 1024 * 1024;
const READ = 64 * 1024;

const [domainModule, mockModule, storeModule, vchanModule, domainName, libc, role, size, spin] = process.argv.slice(2);
const { MockXen } = await import(mockModule!);
const { XenStore } = await import(storeModule!);
const { Vchan, VchanServer } = await import(vchanModule!);
const { grants, maps, events } = (await import(domainModule!))[domainName!]({ libc, allowOwnGrants: true });
const xen = new MockXen();
const folder = process.env.VCHAN_BENCH!;
const channel: Channel = await (role === "server" ? listen() : connect());
console.log("connected");

async function listen(): Promise<Channel> {
  const domain = { grants, maps, events, store: xen.domain(0).store };
  xen.domain(1);
  const sizes = { readSize: Number(size), writeSize: Number(size) };
  const server = await VchanServer.listen(domain, 1, { path: PATH, ...sizes, spin: Number(spin) });
  const store = await XenStore.open(domain);
  for (const node of NODES) writeFileSync(`${folder}/${node}`, await store.readText(`${PATH}/${node}`));
  store.close();
  console.log("listening");
  return await server.accept();
}

async function connect(): Promise<Channel> {
  // Before the rights, which XenStore ignores for a domain that is not there.
  const domain = { grants, maps, events, store: xen.domain(1).store };
  const store = await XenStore.open(xen.domain(0));
  for (const node of NODES) {
    await store.write(`${PATH}/${node}`, readFileSync(`${folder}/${node}`, "utf8"));
    await store.setPermissions(`${PATH}/${node}`, [{ domid: 0, access: "none" }, { domid: 1, access: "read" }]);
  }
  store.close();
  console.log("listening");
  return await Vchan.connect(domain, 0, { path: PATH, spin: Number(spin) });
}

/** The address of memory, which the speed of copies depends on. */
function addressOf(memory: ArrayBuffer): bigint {
  if ("Deno" in globalThis) return Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
  return createRequire(import.meta.url)("koffi").address(memory);
}

const memory = new ArrayBuffer(MOST + 2 * PAGE);
const toPage = PAGE - Number(addressOf(memory) % BigInt(PAGE));

const TASKS: Readonly<Record<string, (size: number, count: number, offset: number) => Promise<void>>> = {
  async send(size, count, offset) {
    const bytes = new Uint8Array(memory, toPage + offset, size);
    for (let time = 0; time < count; time++) await channel.write(bytes);
    await channel.receive(new Uint8Array(1));
  },
  async try(size, count, offset) {
    const bytes = new Uint8Array(memory, toPage + offset, size);
    for (let time = 0; time < count; time++) {
      const done = channel.tryWrite(bytes);
      if (done < size) await channel.write(bytes.subarray(done));
    }
    await channel.receive(new Uint8Array(1));
  },
  async receive(size, count, offset) {
    const target = new Uint8Array(memory, toPage + offset, READ);
    for (let left = size * count; left > 0;) left -= (await channel.read(target))!;
    await channel.write(new Uint8Array(1));
  },
  async ask(size, count, offset) {
    const message = new Uint8Array(memory, toPage + offset, size);
    for (let time = 0; time < count; time++) {
      await channel.send(message);
      await channel.receive(message);
    }
  },
  async answer(size, count, offset) {
    const message = new Uint8Array(memory, toPage + offset, size);
    for (let time = 0; time < count; time++) {
      await channel.receive(message);
      await channel.send(message);
    }
  },
  async write(size, count, offset) {
    const bytes = new Uint8Array(memory, toPage + offset, size);
    for (let time = 0; time < count; time++) await channel.write(bytes);
  },
  async read(size, count, offset) {
    const target = new Uint8Array(memory, toPage + offset, size);
    for (let time = 0; time < count; time++) await channel.read(target);
  },
  async wait(milliseconds) {
    const signal = AbortSignal.timeout(milliseconds);
    await channel.read(new Uint8Array(1), { signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [task, ...numbers] = line.split(" ");
  const [size, count, offset] = numbers.map(Number) as [number, number, number];
  const heap = process.memoryUsage().heapUsed;
  const before = process.cpuUsage();
  const start = performance.now();
  await TASKS[task!]!(size, count, offset);
  const time = Math.round((performance.now() - start) * 1e6);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ time, work: user + system, heap: process.memoryUsage().heapUsed - heap }));
}
process.exit(0);
