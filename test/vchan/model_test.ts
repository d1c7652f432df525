/**
 * Random conversations on a simulated Xen, beside the simplest model of a stream: what is read is what was written, in
 * order. Meanwhile there are events that mean nothing, bits that nobody asked for, and a XenStore that is slow and
 * conflicts.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { EventChannels, GrantMapper } from "../../mod.ts";
import { Vchan, VchanServer } from "../../src/vchan/mod.ts";
import { XenStore } from "../../src/xenstore/mod.ts";
import { AT } from "./by_hand.ts";
import { pattern, turns } from "./support.ts";

/**
 * The largest packet: with more than half of the ring, a packet to be sent and one to be received may block each other.
 */
const PACKET = 512;

/** A step of a side that writes. */
const writing = fc.record({
  how: fc.constantFrom("write", "tryWrite", "send", "turns" as const),
  size: fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 9000 })),
});
/** A step of a side that reads. */
const reading = fc.record({
  how: fc.constantFrom("read", "tryRead", "receive", "chunk", "turns" as const),
  size: fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 9000 })),
});
const side = fc.record({
  writes: fc.array(writing, { maxLength: 12 }),
  reads: fc.array(reading, { maxLength: 12 }),
  abandons: fc.boolean(),
});

type Side = typeof side extends fc.Arbitrary<infer Value> ? Value : never;

/** Writes, and returns how much. The bytes say where in the stream they are. */
async function write(vchan: Vchan, { writes, abandons }: Side): Promise<number> {
  let total = 0;
  for (const { how, size } of writes) {
    const bytes = pattern(size, total);
    if (how === "turns") await turns(size % 5);
    else if (how === "tryWrite") total += vchan.tryWrite(bytes);
    else if (how === "write") {
      await vchan.write(bytes);
      total += size;
    } else {
      // A call that is given up has written nothing.
      if (abandons) {
        const gone = AbortSignal.abort();
        await vchan.send(bytes.subarray(0, PACKET), { signal: gone }).catch(() => {});
      }
      const packet = bytes.subarray(0, PACKET);
      await vchan.send(packet);
      total += packet.length;
    }
  }
  return total;
}

/** Reads as the steps say until the other side has written all, and then the rest. Checks each byte. */
async function read(vchan: Vchan, { reads, abandons }: Side, written: Promise<number>): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  written.then(() => stop.abort(), () => stop.abort());
  let total = 0;
  const check = (bytes: Uint8Array) => {
    if (Buffer.compare(bytes, pattern(bytes.length, total)) !== 0) {
      throw new Error(`the ${bytes.length} bytes behind ${total} are not what was written`);
    }
    total += bytes.length;
  };
  const unlessStopped = async (call: Promise<number | null>) => {
    try {
      return await call ?? 0;
    } catch (error) {
      if (signal.aborted) return 0;
      throw error;
    }
  };
  for (const { how, size } of reads) {
    if (signal.aborted) break;
    const target = new Uint8Array(size);
    if (how === "turns") await turns(size % 5);
    else if (how === "tryRead") check(target.subarray(0, vchan.tryRead(target) ?? 0));
    else if (how === "receive") {
      const packet = target.subarray(0, PACKET);
      check(packet.subarray(0, await unlessStopped(vchan.receive(packet, { signal }))));
    } else if (how === "read") {
      if (abandons) {
        const gone = new AbortController();
        const call = vchan.read(target, { signal: gone.signal });
        gone.abort();
        // It may have been answered before that.
        check(target.subarray(0, await call.catch(() => 0) ?? 0));
      }
      check(target.subarray(0, await unlessStopped(vchan.read(target, { signal }))));
    } else {
      const iterator = vchan[Symbol.asyncIterator]();
      signal.addEventListener("abort", () => iterator.return!());
      const { value } = await iterator.next();
      if (value !== undefined) check(value);
    }
  }
  const rest = new Uint8Array(5000);
  while (!signal.aborted) check(rest.subarray(0, await unlessStopped(vchan.read(rest, { signal }))));
  for (const all = await written; total < all;) {
    const count = await vchan.read(rest);
    if (count === null) throw new Error(`only ${total} of ${all} bytes have come`);
    check(rest.subarray(0, count));
  }
}

/** Sends events for nothing and sets bits, as a peer may at any time. Returns how to stop. */
async function disturb(xen: MockXen, path: string, seed: number): Promise<() => void> {
  using store = await XenStore.open(xen.domain(0));
  const mapper = new GrantMapper(xen.domain(0));
  const events = new EventChannels(xen.domain(0));
  const page = mapper.map(1, [await store.readNumber(`${path}/ring-ref`)], { writable: true });
  let step = seed;
  const timer = setInterval(() => {
    step = Math.imul(step, 1664525) + 1013904223 | 0;
    // Bits may be set at any time. One that is cleared is a wake-up that a hostile peer keeps for itself.
    Atomics.or(page.bytes, step & 1 ? AT.clientNotify : AT.serverNotify, step >>> 30);
  });
  return () => {
    clearInterval(timer);
    page.unmap();
    mapper.close();
    events.close();
  };
}

test("what is read is what was written, however the other side ends", async () => {
  const sizes = fc.constantFrom(0, 1500, 4096, 65536);
  const options = fc.record({ readSize: sizes, writeSize: sizes, spin: fc.constantFrom(0, 5) });
  const run = async (options: object, ours: Side, theirs: Side, end: "close" | "kill", seed: number) => {
    const xen = new MockXen();
    const faults = new Faults({ seed: seed >>> 0 });
    faults.reply({ to: "end a transaction", error: "EAGAIN", rate: 0.3 });
    faults.reply({ delay: 1, rate: 0.2 });
    const program = xen.domain(1).process();
    const server = await VchanServer.listen(faults.wrap(program), 0, { path: "test", ...options });
    const stop = await disturb(xen, server.path, seed);
    const connecting = Vchan.connect(faults.wrap(xen.domain(0)), 1, { path: "test" });
    const [left, right] = await Promise.all([server.accept(), connecting]);

    const wroteRight = write(right, theirs);
    const leftIsDone = (async () => {
      const wrote = write(left, ours);
      await Promise.all([wrote, read(left, ours, wroteRight)]);
      if (end === "kill") program.kill();
      else left.close();
      return await wrote;
    })();
    await Promise.all([wroteRight, leftIsDone, read(right, theirs, leftIsDone)]);
    expect(await right.closed).toEqual({ reason: "peer-closed" });
    expect(await right.read(new Uint8Array(1))).toBe(null);
    stop();
    right.close();
    if (end === "close") await server.close();
    xen.assertClean();
  };
  const given = [options, side, side, fc.constantFrom("close" as const, "kill" as const), fc.integer()] as const;
  await fc.assert(fc.asyncProperty(...given, run), { numRuns: 150, timeout: 10_000 });
});
