/** A connection between two programs of this library. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { Vchan, VchanError, VchanServer } from "../../src/vchan/mod.ts";
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
      new RangeError(
        "Cannot send as `bytes` must have at most 2048 bytes, the size of the ring: current value has 2049",
      ),
    );
    await expect(ours.receive(new Uint8Array(1025))).rejects.toThrow(
      new RangeError(
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

describe("streams", () => {
  test("carry bytes into the buffers of a reader, and back", async () => {
    const { ours, theirs, finish } = await connected();
    const echo = ours.readable.pipeTo(ours.writable);
    const reader = theirs.readable.getReader({ mode: "byob" });
    const writer = theirs.writable.getWriter();
    const sent = pattern(100_000);
    const writing = writer.write(sent);
    const got: number[] = [];
    while (got.length < sent.length) {
      const { value } = await reader.read(new Uint8Array(7000));
      got.push(...value!);
    }
    expect(got).toEqual([...sent]);
    await writing;
    await writer.close();
    await echo;
    expect((await ours.closed).reason).toBe("peer-closed");
    await finish();
  });

  test("end when the other side has left and all was read", async () => {
    const { ours, theirs, finish } = await connected();
    await ours.write(pattern(10));
    ours.close();
    const chunks: Uint8Array[] = [];
    for await (const chunk of theirs.readable) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(Buffer.from(pattern(10)));
    const { done } = await connected().then(async ({ ours, theirs, finish }) => {
      const reader = theirs.readable.getReader({ mode: "byob" });
      const reading = reader.read(new Uint8Array(10));
      ours.close();
      const result = await reading;
      await finish();
      return result;
    });
    expect(done).toBe(true);
    await finish();
  });

  test("close the connection when they are cancelled, closed or aborted", async () => {
    for (const end of ["cancel", "close", "abort"] as const) {
      const { ours, theirs, finish } = await connected();
      if (end === "cancel") {
        const reader = ours.readable.getReader();
        const reading = reader.read();
        await turns();
        await reader.cancel();
        expect((await reading).done).toBe(true);
      } else await ours.writable[end]();
      expect((await theirs.closed).reason).toBe("peer-closed");
      expect((await ours.closed).reason).toBe("closed");
      await finish();
    }
  });

  test("that are written to fail when the other side has left", async () => {
    const { ours, theirs, finish } = await connected();
    const writer = ours.writable.getWriter();
    theirs.close();
    await expect(writer.write(pattern(1))).rejects.toMatchObject({ code: "peer-closed" });
    await expect(writer.closed).rejects.toMatchObject({ code: "peer-closed" });
    await finish();
  });
});

test("iterating gives arrays as they come; leaving the loop leaves the connection open", async () => {
  const { ours, theirs, finish } = await connected();
  const iterator = ours[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await turns();
  await iterator.return!();
  expect(await waiting).toEqual({ value: undefined, done: true });
  expect(await iterator.next()).toEqual({ value: undefined, done: true });
  await theirs.write(pattern(10));
  for await (const bytes of ours) {
    expect(bytes).toEqual(pattern(10));
    break;
  }
  await theirs.write(pattern(3));
  theirs.close();
  const all: Uint8Array[] = [];
  for await (const bytes of ours) all.push(bytes);
  expect(all).toEqual([pattern(3)]);
  await finish();
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

describe("arguments", () => {
  const domain = new MockXen().domain(1);
  test.each([
    [{ path: "" }, "`path` must be a name"],
    [{ path: "a//b" }, "`path` must be a name"],
    [{ path: "a/" }, "`path` must be a name"],
    [{ path: "@releaseDomain" }, "`path` must be a name"],
    [{}, "`path` must be a string or a port: current value is undefined"],
    [{ path: -1 }, "`path` must be a whole number from 0 to 2147483647: current value is -1"],
    [{ path: "a", spin: 2000 }, "`spin` must be a whole number from 0 to 1000: current value is 2000"],
    [{ path: "a", signal: 1 }, "`signal` must be an AbortSignal"],
    [{ path: "a", pth: 1 }, "there is no option `pth`: did you mean `path`?"],
  ])("%o are refused by both sides", async (options, message) => {
    await expect(VchanServer.listen(domain, 0, options as never)).rejects.toThrow(message);
    await expect(Vchan.connect(domain, 0, options as never)).rejects.toThrow(message);
  });

  test("of the server only", async () => {
    await expect(VchanServer.listen(domain, 0, { path: "a", readSize: 2 ** 20 + 1 })).rejects.toThrow(
      "Cannot listen as `readSize` must be a whole number from 0 to 1048576: current value is 1048577",
    );
    await expect(VchanServer.listen(domain, -1, { path: "a" })).rejects.toThrow("`domid` must be a whole number");
  });

  test("name paths: ports and names as in Qubes, paths below the home of the server, and absolute paths", async () => {
    for (
      const [path, absolute] of [
        [5000, "/local/domain/1/data/vchan/0/5000"],
        ["chat", "/local/domain/1/data/vchan/0/chat"],
        ["data/chat", "/local/domain/1/data/chat"],
        ["/local/domain/1/data/a/b", "/local/domain/1/data/a/b"],
      ] as const
    ) {
      const xen = new MockXen();
      const server = await VchanServer.listen(xen.domain(1), 0, { path });
      const client = await Vchan.connect(xen.domain(0), 1, { path });
      expect([server.path, client.path, client.domid, server.domid]).toEqual([absolute, absolute, 1, 0]);
      client.close();
      await server.close();
      xen.assertClean();
    }
  });
});
