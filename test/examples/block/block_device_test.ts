/** What a disk does, with a backend that behaves. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../../backends/faults.ts";
import type { BackendOptions } from "../../../examples/block/block_backend.ts";
import type { AttachOptions } from "../../../examples/block/block_device.ts";
import { GrantError } from "../../../mod.ts";
import { expectSame, pair, pattern, random, turns } from "./support.ts";

const ways: [name: string, attach: AttachOptions, backend: BackendOptions, maxBytes: number, persistent: boolean][] = [
  ["all features", {}, {}, 1048576, true],
  ["a ring of 16 pages", { ringOrder: 4 }, {}, 1048576, true],
  ["fresh grants, as this side wants", { persistent: false }, {}, 1048576, false],
  ["fresh grants, as the backend wants", {}, { persistent: false }, 1048576, false],
  ["no indirect requests, as this side wants", { indirect: false }, {}, 45056, true],
  ["no indirect requests, as the backend wants", {}, { maxIndirect: 0 }, 45056, true],
  ["a backend of 32 segments", {}, { maxIndirect: 32 }, 131072, true],
  ["a backend of rings of one page", { ringOrder: 4 }, { maxOrder: 0 }, 1048576, true],
  ["few pages", { pages: 20 }, {}, 19 * 4096, true],
  ["one page", { pages: 1 }, {}, 4096, true],
  ["sectors of 4096 bytes", {}, { sectorSize: 4096 }, 1048576, true],
];

describe.each(ways)("with %s", (_, attach, backend, maxBytes, persistent) => {
  test("what is read is what was written, in every size", async () => {
    const { device, disk, finish } = await pair({ attach, backend, size: 4 * 1024 * 1024 });
    expect([device.maxBytes, device.persistent]).toEqual([maxBytes, persistent]);
    const { sectorSize } = device;
    const sizes = [1, 2, 7, 8, 9, 11 * 8, 12 * 8 + 1, 256 * 8, 256 * 8 + 3, 700 * 8];
    for (const [index, sectors] of sizes.entries()) {
      const bytes = pattern(sectors * sectorSize, index).subarray(0, 3 * 1024 * 1024 / sectorSize * sectorSize);
      const offset = (3 + index) * sectorSize;
      await device.write(offset, bytes);
      expectSame(disk.bytes.subarray(offset, offset + bytes.length), bytes);
      expectSame(await device.read(offset, bytes.length), bytes);
    }
    await device.flush();
    await finish();
  });

  test("many calls at once end with what each asked for", async () => {
    const { device, disk, finish } = await pair({ attach, backend });
    const next = random(7);
    disk.turns = () => Math.floor(next() * 4);
    const places = Array.from({ length: 100 }, (_, index) => index * 8192);
    await Promise.all(places.map((offset) => device.write(offset, pattern(8192, offset))));
    const found = await Promise.all(places.map((offset) => device.read(offset, 8192)));
    for (const [index, bytes] of found.entries()) expectSame(bytes, pattern(8192, places[index]!));
    expect(device.requests).toEqual({ inFlight: 0, waiting: 0 });
    await finish();
  });
});

describe("grants and events", () => {
  test("persistent: nothing is granted or mapped after warm-up", async () => {
    const faults = new Faults();
    const { device, backend, finish } = await pair({ frontend: (domain) => faults.wrap(domain) });
    const bytes = pattern(65536);
    const use = async () => {
      await device.write(0, bytes);
      await device.read(0, 65536);
    };
    await use();
    const before = [faults.calls("grant"), faults.calls("map", "grants"), faults.calls("endAccess"), backend.mapped];
    for (let round = 0; round < 100; round++) await use();
    expect([faults.calls("grant"), faults.calls("map", "grants"), faults.calls("endAccess"), backend.mapped]).toEqual(
      before,
    );
    // 16 pages of data, and one of segments.
    expect(backend.mapped).toBe(17);
    await finish();
  });

  test("fresh: the backend keeps no page, and this side grants each for one use", async () => {
    const { device, backend, xen, finish } = await pair({ attach: { persistent: false } });
    for (let round = 0; round < 10; round++) await device.write(0, pattern(65536));
    expect(backend.mapped).toBe(0);
    const granter = xen.inspect().domains.find(({ domid }) => domid === 1)!;
    // The ring is left.
    expect(granter.grants.length).toBe(1);
    await finish();
  });

  test("requests that are made together are announced together", async () => {
    const faults = new Faults();
    const { device, finish } = await pair({ frontend: (domain) => faults.wrap(domain) });
    await turns();
    const before = faults.calls("notify", "events");
    await Promise.all(Array.from({ length: 20 }, (_, index) => device.read(index * 512, 512)));
    expect(faults.calls("notify", "events") - before).toBe(1);
    await finish();
  });

  test("events that were lost are no loss", async () => {
    const faults = new Faults();
    const { device, finish } = await pair({ frontend: (domain) => faults.wrap(domain) });
    const error = new GrantError("Cannot take events: lost.", { code: "events-lost", operation: "wait" });
    for (let round = 0; round < 20; round++) {
      faults.fail("wait", { part: "events", error });
      await device.write(0, pattern(512, round));
      expectSame(await device.read(0, 512), pattern(512, round));
    }
    expect(faults.injected()).toBeGreaterThan(0);
    await finish();
  });
});

describe("order", () => {
  test("calls that touch the same bytes keep it, whatever the backend does", async () => {
    const { device, disk, finish } = await pair();
    const next = random(3);
    disk.turns = () => Math.floor(next() * 6);
    const reads: Promise<void>[] = [];
    const truth = new Uint8Array(16384);
    for (let round = 0; round < 300; round++) {
      const start = Math.floor(next() * 28) * 512;
      const length = (1 + Math.floor(next() * 4)) * 512;
      if (next() < 0.5) {
        const bytes = pattern(length, round * 7);
        truth.set(bytes, start);
        device.write(start, bytes);
      } else {
        const expected = truth.slice(start, start + length);
        reads.push(device.read(start, length).then((found) => expectSame(found, expected)));
      }
    }
    await Promise.all(reads);
    expectSame(await device.read(0, truth.length), truth);
    // Others have run at the same time.
    expect(disk.most).toBeGreaterThan(1);
    await finish();
  });

  test("a flush waits for the writes before it, and not for what comes later", async () => {
    const { device, disk, finish } = await pair();
    const goOn = disk.stop();
    const write = device.write(0, pattern(512));
    const flush = device.flush();
    await turns();
    expect(disk.log).toEqual(["write 0 512"]);
    goOn();
    await Promise.all([write, flush]);
    expect(disk.log).toEqual(["write 0 512", "flush"]);
    await finish();
  });
});

describe("features", () => {
  test("a backend without a cache needs no flush", async () => {
    const { device, disk, finish } = await pair({ backend: { flush: false } });
    expect(device.canFlush).toBe(false);
    await device.write(0, pattern(512));
    await device.flush();
    expect(disk.log).toEqual(["write 0 512"]);
    await finish();
  });

  test("a flush that fails is an error, as data may be lost", async () => {
    const { device, disk, finish } = await pair();
    disk.fail = (call) => {
      if (call === "flush") throw new Error("the medium is gone");
    };
    await expect(device.flush()).rejects.toMatchObject({
      code: "io",
      message: "Cannot flush: the backend reports an error.",
    });
    expect(device.canFlush).toBe(true);
    await finish();
  });

  test("discarded bytes are gone, and those around them are not", async () => {
    const { device, disk, finish } = await pair();
    await device.write(0, pattern(8192));
    await device.discard(512, 4096);
    expect(disk.log.at(-1)).toBe("discard 512 4096");
    const expected = pattern(8192);
    expected.fill(0, 512, 4608);
    expectSame(await device.read(0, 8192), expected);
    await device.discard(0, 0);
    await expect(device.discard(0, 512, { secure: true })).rejects.toMatchObject({ code: "unsupported" });
    await finish();
  });

  test("a backend without discard, and a disk that is read-only, say so", async () => {
    const { device, finish } = await pair({ backend: { discard: false } });
    expect(device.canDiscard).toBe(false);
    await expect(device.discard(0, 512)).rejects.toMatchObject({ code: "unsupported" });
    await finish();

    const other = await pair({ readOnly: true });
    expect(other.device.readOnly).toBe(true);
    const refused = { name: "BlockError", code: "read-only" };
    await expect(other.device.write(0, pattern(512))).rejects.toMatchObject(refused);
    await expect(other.device.discard(0, 512)).rejects.toMatchObject(refused);
    expectSame(await other.device.read(0, 512), new Uint8Array(512));
    await other.finish();
  });

  test("an error of the disk is the error of the call, and of no other", async () => {
    const { device, disk, finish } = await pair({ attach: { indirect: false } });
    disk.fail = (call) => {
      if (call.startsWith("read 45056 ")) throw new Error("a bad sector");
    };
    await expect(device.read(0, 100 * 1024)).rejects.toMatchObject({ code: "io" });
    expectSame(await device.read(0, 512), new Uint8Array(512));
    await finish();
  });
});

describe("calls", () => {
  test("that read into an array of the caller's fill it", async () => {
    const { device, finish } = await pair();
    await device.write(4096, pattern(8192));
    const target = new Uint8Array(3 * 4096);
    await device.readInto(4096, target.subarray(4096));
    expectSame(target.subarray(4096), pattern(8192));
    expectSame(target.subarray(0, 4096), new Uint8Array(4096));
    await expect(device.readInto(0, new Uint8Array(100))).rejects.toThrow(RangeError);
    await finish();
  });

  test("of no bytes do nothing", async () => {
    const { device, disk, finish } = await pair();
    expect(await device.read(device.size, 0)).toEqual(new Uint8Array(0));
    await device.write(0, new Uint8Array(0));
    expect(disk.log).toEqual([]);
    await finish();
  });

  test("outside of the disk, or of its sectors, are refused", async () => {
    const { device, finish } = await pair({ backend: { sectorSize: 4096 } });
    await expect(device.read(512, 4096)).rejects.toThrow(
      new RangeError("Cannot read as the offset must be a multiple of the sector size, 4096: current value is 512"),
    );
    await expect(device.write(0, new Uint8Array(512))).rejects.toThrow(RangeError);
    await expect(device.read(-4096, 4096)).rejects.toThrow(RangeError);
    await expect(device.read(NaN, 4096)).rejects.toThrow(RangeError);
    await expect(device.discard(device.size, 4096)).rejects.toThrow(
      `Cannot discard as the end must be within the disk of ${device.size} bytes: current value is ${
        device.size + 4096
      }`,
    );
    await finish();
  });

  test("with what is no array of bytes are refused", async () => {
    const { device, disk, finish } = await pair();
    const wrong = (value: unknown) => value as Uint8Array;
    await expect(device.write(0, wrong(new Uint16Array(512)))).rejects.toThrow("`bytes` must be a Uint8Array");
    await expect(device.readInto(0, wrong(new Uint16Array(512)))).rejects.toThrow("`target` must be a Uint8Array");
    await expect(device.write(0, wrong(Array(512).fill(1)))).rejects.toThrow(TypeError);
    expect(disk.log).toEqual([]);
    await finish();
  });

  test("whose bytes cannot be read fail, and keep neither a page nor the end of the disk", async () => {
    const { device, finish } = await pair({ attach: { pages: 1 } });
    class Unreadable extends Uint8Array {
      override subarray(): never {
        throw new Error("no");
      }
    }
    await expect(device.write(0, new Unreadable(512))).rejects.toMatchObject({ code: "failed" });
    expect(device.requests).toEqual({ inFlight: 0, waiting: 0 });
    await device.write(0, pattern(512));
    await finish();
  });

  test("that are given up end at once, and keep their turn and their pages until they are answered", async () => {
    const { device, disk, finish } = await pair({ attach: { pages: 4 } });
    await expect(device.read(0, 512, { signal: AbortSignal.abort("early") })).rejects.toBe("early");
    const goOn = disk.stop();
    const stop = new AbortController();
    const { signal } = stop;
    const calls = [
      device.write(0, pattern(16384), { signal }),
      // Waits for its turn.
      device.write(0, pattern(512, 9), { signal }),
      // Waits for pages.
      device.read(65536, 512, { signal }),
      device.flush({ signal }),
      device.discard(0, 512, { signal }),
    ].map((call) => expect(call).rejects.toBe("given up"));
    await turns();
    const later = device.read(0, 512);
    stop.abort("given up");
    await Promise.all(calls);
    expect(device.requests).toMatchObject({ inFlight: 1 });
    goOn();
    expectSame(await later, pattern(512));
    expect(disk.log.filter((call) => !call.startsWith("read"))).toEqual(["write 0 16384"]);
    expect(device.requests).toEqual({ inFlight: 0, waiting: 0 });
    await finish();
  });

  test("more than the ring or the pages have room for wait for both", async () => {
    const { device, disk, finish } = await pair({ attach: { pages: 40 } });
    const goOn = disk.stop();
    const small = Array.from({ length: 64 }, (_, index) => device.read(index * 512, 512));
    const large = device.read(0, 512 * 1024);
    await turns();
    expect(device.requests).toEqual({ inFlight: 32, waiting: 36 });
    goOn();
    await Promise.all([...small, large]);
    await finish();
  });
});

describe("a disk that changes its size", () => {
  test("is noticed, larger and smaller", async () => {
    const { device, disk, backend, finish } = await pair();
    const sizes: number[] = [];
    const stop = device.onResize((size) => sizes.push(size));
    disk.inner.resize(2 * 1024 * 1024);
    await backend.resized();
    await turns();
    expect(device.size).toBe(2 * 1024 * 1024);
    await device.write(1024 * 1024, pattern(4096));
    disk.inner.resize(4096);
    // Not known yet: the backend says no.
    await expect(device.read(1024 * 1024, 4096)).rejects.toMatchObject({ code: "io" });
    await backend.resized();
    await turns();
    expect(sizes).toEqual([2 * 1024 * 1024, 4096]);
    await expect(device.read(4096, 512)).rejects.toThrow(RangeError);
    stop();
    await finish();
  });
});
