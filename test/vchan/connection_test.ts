/** A connection between two programs of this library. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ArgumentRangeError } from "../../src/contract/argument_error.ts";
import { type Vchan, VchanError } from "../../src/vchan/mod.ts";
import { connected, type Pair, pattern, readExactly, turns } from "./support.ts";

const sizes = [[0, 0], [2048, 1024], [2048, 2048], [4096, 2048], [0, 8192], [65536, 32768], [
  2 ** 20,
  2 ** 20,
]] as const;

describe.each(sizes)("rings for %i and %i bytes", (readSize, writeSize) => {
  test("carry streams both ways at once, unharmed", async () => {
    const { ours, theirs, finish } = await connected({ readSize, writeSize });
    const [up, down] = [pattern(300_000), pattern(200_000, 77)];
    const write = async (vchan: Vchan, bytes: Uint8Array) => {
      for (let at = 0, size = 1; at < bytes.length; at += size, size = size * 3 % 70_001) {
        await vchan.write(bytes.subarray(at, at + size));
      }
    };
    const [, , gotDown, gotUp] = await Promise.all([
      write(ours, down),
      write(theirs, up),
      readExactly(theirs, down.length),
      readExactly(ours, up.length),
    ]);
    expect(Buffer.compare(gotDown, down)).toBe(0);
    expect(Buffer.compare(gotUp, up)).toBe(0);
    await finish();
  });

  test("have the size that was asked for, at least, and tell how much is in them", async () => {
    const { ours, theirs, finish } = await connected({ readSize, writeSize });
    expect(ours.bufferSpace).toBeGreaterThanOrEqual(writeSize);
    expect(theirs.bufferSpace).toBeGreaterThanOrEqual(readSize);
    const room = theirs.bufferSpace;
    expect(theirs.tryWrite(new Uint8Array(room + 1))).toBe(room);
    expect([theirs.bufferSpace, ours.dataReady]).toEqual([0, room]);
    expect(theirs.tryWrite(Uint8Array.of(1))).toBe(0);
    expect(ours.tryRead(new Uint8Array(10))).toBe(10);
    expect([theirs.bufferSpace, ours.dataReady]).toEqual([10, room - 10]);
    await finish();
  });
});

describe("`read()`", () => {
  test("waits for bytes, and takes those that are there", async () => {
    const { ours, theirs, finish } = await connected();
    const target = new Uint8Array(10);
    const reading = ours.read(target);
    await theirs.write(pattern(3));
    expect(await reading).toBe(3);
    expect(target).toEqual(Uint8Array.of(...pattern(3), 0, 0, 0, 0, 0, 0, 0));
    expect(await ours.read(new Uint8Array(0))).toBe(0);
    expect(ours.tryRead(target)).toBe(0);
    await finish();
  });

  test("serves calls in their order", async () => {
    const { ours, theirs, finish } = await connected();
    const [first, second] = [new Uint8Array(2), new Uint8Array(2)];
    const reads = [ours.read(first), ours.read(second)];
    expect(ours.tryRead(first)).toBe(0);
    await theirs.write(pattern(4));
    expect(await Promise.all(reads)).toEqual([2, 2]);
    expect([...first, ...second]).toEqual([...pattern(4)]);
    await finish();
  });

  test("gives up when its signal is aborted, and loses nothing", async () => {
    const { ours, theirs, finish } = await connected();
    const controller = new AbortController();
    const reason = new Error("enough");
    const given = { signal: controller.signal };
    const waiting = [ours.read(new Uint8Array(1), given), ours.read(new Uint8Array(1), given)];
    await turns();
    controller.abort(reason);
    for (const read of waiting) await expect(read).rejects.toBe(reason);
    await expect(ours.read(new Uint8Array(1), given)).rejects.toBe(reason);
    await theirs.write(Uint8Array.of(5));
    expect(await readExactly(ours, 1)).toEqual(Uint8Array.of(5));
    await finish();
  });

  test("refuses targets that are no arrays, or lose their memory while it waits", async () => {
    const { ours, theirs, finish } = await connected();
    await expect(ours.read("x" as never)).rejects.toThrow(
      'Cannot read as `target` must be a Uint8Array: current value is "x"',
    );
    await expect(ours.read(new Uint8Array(1), { signl: 1 } as never)).rejects.toThrow("did you mean `signal`?");
    const target = new Uint8Array(3);
    const reading = ours.read(target);
    structuredClone(target.buffer, { transfer: [target.buffer] });
    await theirs.write(pattern(3));
    await expect(reading).rejects.toThrow("Cannot read as `target` must keep its 3 bytes");
    expect(await readExactly(ours, 3)).toEqual(pattern(3));
    await finish();
  });
});

describe("`write()`", () => {
  test("waits until there was room for all", async () => {
    const { ours, theirs, finish } = await connected({ readSize: 4096, writeSize: 4096 });
    let done = false;
    const writing = ours.write(pattern(5000)).then(() => done = true);
    const after = ours.write(pattern(10, 5000));
    expect(ours.tryWrite(Uint8Array.of(1))).toBe(0);
    await turns();
    expect(done).toBe(false);
    expect(await readExactly(theirs, 5010)).toEqual(pattern(5010));
    await Promise.all([writing, after]);
    await finish();
  });

  test("gives up when its signal is aborted; what was in the ring arrives", async () => {
    const { ours, theirs, finish } = await connected({ writeSize: 4096, readSize: 4096 });
    const controller = new AbortController();
    const writing = ours.write(pattern(5000), { signal: controller.signal });
    const sending = ours.send(pattern(10), { signal: AbortSignal.timeout(5) });
    await expect(sending).rejects.toMatchObject({ name: "TimeoutError" });
    controller.abort(new Error("enough"));
    await expect(writing).rejects.toThrow("enough");
    expect(await readExactly(theirs, 4096)).toEqual(pattern(4096));
    expect(theirs.dataReady).toBe(0);
    await finish();
  }, 5000);

  test("gives the event loop its turn now and then", async () => {
    const { ours, theirs, finish } = await connected();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const until = performance.now() + 100;
    const byte = new Uint8Array(1);
    while (performance.now() < until) {
      await ours.write(byte);
      await theirs.read(byte);
    }
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
    await finish();
  });
});

describe("`send()` and `receive()`", () => {
  test("move whole packets, however they fit the ring", async () => {
    const { ours, theirs, finish } = await connected({ readSize: 1024, writeSize: 2048 });
    const packets = Array.from({ length: 50 }, (_, index) => pattern(index * 37 % 1025, index));
    const sending = (async () => {
      for (const packet of packets) await theirs.send(packet);
    })();
    for (const packet of packets) {
      const target = new Uint8Array(packet.length);
      expect(await ours.receive(target)).toBe(packet.length);
      expect(target).toEqual(packet);
    }
    await sending;
    await finish();
  });

  test("write nothing until all of it fits, and read nothing until all of it is there", async () => {
    const { ours, theirs, finish } = await connected({ readSize: 1024, writeSize: 2048 });
    await theirs.send(pattern(1000));
    const sending = theirs.send(pattern(100));
    await turns();
    expect(ours.dataReady).toBe(1000);
    const receiving = ours.receive(new Uint8Array(1001));
    await turns();
    expect(ours.dataReady).toBe(1000);
    expect(ours.tryRead(new Uint8Array(100))).toBe(0);
    theirs.close();
    await expect(sending).rejects.toMatchObject({ code: "closed" });
    expect(await receiving).toBe(null);
    expect(await readExactly(ours, 1001)).toEqual(pattern(1000));
    await finish();
  });

  test("refuse more than the ring holds", async () => {
    const { ours, finish } = await connected({ readSize: 1024, writeSize: 2048 });
    await expect(ours.send(new Uint8Array(2049))).rejects.toThrow(
      new ArgumentRangeError(
        "Cannot send as `bytes` must have at most 2048 bytes, the size of the ring: current value has 2049",
      ),
    );
    await expect(ours.receive(new Uint8Array(1025))).rejects.toThrow(
      new ArgumentRangeError(
        "Cannot receive as `target` must have at most 1024 bytes, the size of the ring: current value has 1025",
      ),
    );
    await finish();
  });
});

describe("the end", () => {
  /** Lets one side of a pair close. */
  const enders: [string, (pair: Pair) => [closes: Vchan, stays: Vchan]][] = [
    ["the server", ({ ours, theirs }) => [ours, theirs]],
    ["the client", ({ ours, theirs }) => [theirs, ours]],
  ];

  test.each(enders)("by %s leaves the other side what was written, and then `null`", async (_, choose) => {
    const pair = await connected();
    const [closes, stays] = choose(pair);
    await closes.write(pattern(100));
    const writing = stays.write(new Uint8Array(100_000));
    const refused = expect(writing).rejects.toMatchObject({ code: "peer-closed", operation: "write" });
    await turns();
    closes.close();
    closes.close();
    expect(await closes.closed).toEqual({ reason: "closed" });
    expect(await stays.closed).toEqual({ reason: "peer-closed" });
    expect(stays.ending).toEqual({ reason: "peer-closed" });
    await refused;
    expect(() => stays.tryWrite(Uint8Array.of(1))).toThrow(VchanError);
    expect(await readExactly(stays, 200)).toEqual(pattern(100));
    expect(await stays.read(new Uint8Array(1))).toBe(null);
    expect(stays.tryRead(new Uint8Array(1))).toBe(null);
    expect(stays.dataReady).toBe(0);
    await pair.finish();
  });

  test.each(enders)("by %s wakes those who wait on both sides", async (_, choose) => {
    const pair = await connected();
    const [closes, stays] = choose(pair);
    const here = expect(closes.read(new Uint8Array(1))).rejects.toMatchObject({
      code: "closed",
      message: "Cannot read: the connection was closed here. Open another one.",
    });
    const there = stays.read(new Uint8Array(1));
    await turns();
    closes.close();
    await here;
    expect(await there).toBe(null);
    stays.close();
    await expect(stays.read(new Uint8Array(1))).rejects.toMatchObject({ code: "closed" });
    await expect(stays.write(new Uint8Array(1))).rejects.toMatchObject({ code: "closed" });
    await pair.finish();
  });

  test("by `using`", async () => {
    const { ours, theirs, finish } = await connected();
    {
      using connection = ours;
      await connection.write(Uint8Array.of(1));
    }
    expect((await theirs.closed).reason).toBe("peer-closed");
    await finish();
  });
});

test("handles are shown with what they hold", async () => {
  const { server, theirs, finish } = await connected();
  const path = "/local/domain/1/data/vchan/0/test";
  expect(inspect(theirs)).toBe(`Vchan {\n  domid: 1,\n  path: '${path}',\n  ended: false\n}`);
  expect(inspect(server)).toContain("connections: 1");
  await finish();
});

test("an idle connection opens, binds and maps nothing more", async () => {
  const { xen, finish } = await connected();
  await turns();
  const before = JSON.stringify(xen.inspect());
  await turns(100);
  expect(JSON.stringify(xen.inspect())).toBe(before);
  await finish();
});

test("calls for no bytes are answered at once, also behind others that wait, and at the end", async () => {
  const { ours, theirs, finish } = await connected({ readSize: 1024, writeSize: 1024 });
  const none = new Uint8Array();
  const reading = ours.read(new Uint8Array(1));
  const writing = ours.write(pattern(10_000)).catch((error) => error.code);
  expect(await Promise.all([ours.read(none), ours.receive(none)])).toEqual([0, 0]);
  expect(ours.tryRead(none)).toBe(0);
  await Promise.all([ours.write(none), ours.send(none)]);
  expect(ours.tryWrite(none)).toBe(0);
  theirs.close();
  expect([await reading, await writing]).toEqual([null, "peer-closed"]);
  expect([await ours.read(none), await ours.receive(none), ours.tryRead(none)]).toEqual([0, 0, 0]);
  await expect(ours.send(none)).rejects.toMatchObject({ code: "peer-closed" });
  ours.close();
  await expect(ours.read(none)).rejects.toMatchObject({ code: "closed" });
  await finish();
}, 2000);
