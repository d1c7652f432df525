/** Rings in granted pages: their layout, what each side may do, and what it makes of a hostile peer. */
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper, PAGE_SIZE } from "../../mod.ts";
import { BackRing, FrontRing, ringSize } from "../../src/pv/mod.ts";

/** Both ends of a ring, and its words as they are in memory. */
function rings({ pages = 1, slotSize = 4, apart = false } = {}) {
  const xen = new MockXen();
  const device = new GrantDevice(xen.domain(1));
  const allocator = device.open();
  // Pages of several allocations are several parts of memory here.
  if (apart) { for (let page = 0; page < pages; page++) allocator.allocate(0, { writable: true }); }
  else allocator.allocate(0, { pages, writable: true });
  const ours = allocator.map(0, pages);
  const grefs = xen.inspect().domains.find(({ domid }) => domid === 1)!.grants.map(({ gref }) => gref);
  const mapper = new GrantMapper(xen.domain(0));
  const theirs = mapper.map(1, grefs, { writable: true });
  const front = FrontRing.create(ours, { slotSize });
  const back = BackRing.attach(theirs, { slotSize });
  const finish = () => {
    theirs.unmap();
    ours.unmap();
    mapper.close();
    device.close();
    xen.assertClean();
  };
  const word = (at: number) => new DataView(ours.parts[0]!.buffer, ours.parts[0]!.byteOffset).getUint32(at, true);
  const setWord = (at: number, value: number) =>
    new DataView(ours.parts[0]!.buffer, ours.parts[0]!.byteOffset).setUint32(at, value, true);
  return { xen, front, back, ours, theirs, word, setWord, finish };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Takes a record of a ring, or returns nothing. */
function taken(ring: FrontRing | BackRing, length = 1): number[] | undefined {
  const target = new Uint8Array(length);
  return ring.take(target) ? [...target] : undefined;
}

describe("the layout", () => {
  test("is that of io/ring.h: indices, events and slots", () => {
    const { front, back, ours, word, finish } = rings({ slotSize: 112 });
    expect([0, 4, 8, 12].map(word)).toEqual([0, 1, 0, 1]);
    front.put(bytes(1, 2, 3));
    front.put(bytes(4));
    expect(word(0)).toBe(0);
    expect(front.push()).toBe(true);
    expect(word(0)).toBe(2);
    expect([...ours.bytes.subarray(64, 67)]).toEqual([1, 2, 3]);
    expect(ours.bytes[64 + 112]).toBe(4);
    taken(back);
    back.put(bytes(9));
    expect(back.push()).toBe(true);
    expect([word(8), ours.bytes[64]]).toEqual([1, 9]);
    expect(back.ask()).toBe(true);
    expect(word(4)).toBe(1);
    taken(back);
    expect(back.ask()).toBe(false);
    expect(word(4)).toBe(3);
    taken(front);
    expect(front.ask()).toBe(false);
    expect(word(12)).toBe(2);
    finish();
  });

  test.each([[1, 112, 32], [2, 112, 64], [4, 112, 128], [8, 112, 256], [16, 112, 512], [1, 12, 256], [1, 8, 256]])(
    "%i pages with slots of %i bytes have %i of them",
    (pages, slotSize, size) => {
      expect(ringSize(pages, slotSize)).toBe(size);
      const { front, back, finish } = rings({ pages, slotSize });
      expect([front.size, back.size, front.free]).toEqual([size, size, size]);
      finish();
    },
  );

  test("slots may span pages, also of memory in several parts", () => {
    for (const apart of [false, true]) {
      const { front, back, theirs, finish } = rings({ pages: 3, slotSize: 100, apart });
      expect(theirs.parts.length).toBe(apart ? 3 : 1);
      for (let round = 0; round < 3; round++) {
        for (let slot = 0; slot < front.size; slot++) front.put(new Uint8Array(100).fill(slot + round));
        front.push();
        for (let slot = 0; slot < front.size; slot++) {
          expect(taken(back, 100)).toEqual(Array(100).fill(slot + round));
          back.put(new Uint8Array(100).fill(slot + round + 1));
        }
        back.push();
        for (let slot = 0; slot < front.size; slot++) {
          expect(taken(front, 100)).toEqual(Array(100).fill(slot + round + 1));
        }
      }
      finish();
    }
  });
});

test("a record that is shorter than its slot leaves the rest of the slot as it was, also across parts", () => {
  for (const apart of [false, true]) {
    const { front, theirs, finish } = rings({ pages: 2, slotSize: 1000, apart });
    for (const part of theirs.parts) part.fill(0xee, 64);
    const records = Array.from({ length: front.size }, (_, slot) => new Uint8Array(200 + slot).fill(slot));
    for (const record of records) front.put(record);
    const all = theirs.read();
    for (const [slot, record] of records.entries()) {
      const start = 64 + slot * 1000;
      expect(all.subarray(start, start + record.length)).toEqual(record);
      expect(all.subarray(start + record.length, start + 1000)).toEqual(
        new Uint8Array(1000 - record.length).fill(0xee),
      );
    }
    finish();
  }
  const { front, theirs, finish } = rings({ pages: 3, slotSize: 4000, apart: true });
  for (const part of theirs.parts) part.fill(0xee, 64);
  for (const length of [100, 300]) front.put(new Uint8Array(length).fill(length));
  // The second slot begins 32 bytes before the end of the first page.
  expect(theirs.read(64 + 4000, 300)).toEqual(new Uint8Array(300).fill(300));
  expect(theirs.read(64 + 4000 + 300, 3700)).toEqual(new Uint8Array(3700).fill(0xee));
  finish();
});

describe("events", () => {
  test("are asked for once, and only for what is new", () => {
    const { front, back, finish } = rings();
    front.put(bytes(1));
    expect(front.push()).toBe(true);
    front.put(bytes(2));
    // It has not asked again.
    expect(front.push()).toBe(false);
    expect(front.push()).toBe(false);
    taken(back);
    taken(back);
    expect(back.ask()).toBe(false);
    front.put(bytes(3));
    expect(front.push()).toBe(true);
    expect(back.ask()).toBe(true);
    expect([taken(back), taken(back)]).toEqual([[3], undefined]);
    finish();
  });
});

describe("a backend", () => {
  test("continues behind what another one has answered", () => {
    const { front, back, theirs, finish } = rings();
    for (const request of [1, 2, 3]) front.put(bytes(request));
    front.push();
    taken(back);
    taken(back);
    back.put(bytes(10));
    back.push();
    // Another one: request 2 was taken, but has no response.
    const other = BackRing.attach(theirs, { slotSize: 4 });
    expect([taken(other), taken(other), taken(other)]).toEqual([[2], [3], undefined]);
    expect(other.unanswered).toBe(2);
    finish();
  });

  test("answers in any order, but not more than was asked", () => {
    const { front, back, finish } = rings();
    expect(() => back.put(bytes(1))).toThrow(
      new RangeError("Cannot put a response as a request must be unanswered: none is. Take a request"),
    );
    front.put(bytes(1));
    front.push();
    expect(() => back.put(bytes(1))).toThrow(RangeError);
    taken(back);
    back.put(bytes(1));
    expect(() => back.put(bytes(1))).toThrow(RangeError);
    finish();
  });
});

test("a full ring takes no more requests until responses were taken", () => {
  const { front, back, finish } = rings();
  for (let slot = 0; slot < front.size; slot++) front.put(bytes(slot & 0xff));
  expect(front.free).toBe(0);
  expect(() => front.put(bytes(1))).toThrow(
    new RangeError(`Cannot put a request as a slot must be free: all ${front.size} are in use. Take responses`),
  );
  front.push();
  taken(back);
  back.put(bytes(1));
  back.push();
  expect(() => front.put(bytes(1))).toThrow(RangeError);
  taken(front);
  front.put(bytes(1));
  expect(() => front.put(bytes(1))).toThrow(RangeError);
  finish();
});

describe("a hostile peer", () => {
  const broken = expect.objectContaining({
    code: "protocol",
    message: expect.stringMatching(/^Cannot use the ring: the other side claims that there are -?\d+ \w+ where /),
  });

  test.each([
    ["more responses than requests", 3],
    ["more responses than slots", 1000],
    ["very many responses", 2 ** 31 - 1],
    ["responses taken back", 0xffff_ffff],
    ["half of all numbers", 2 ** 31],
  ])("that claims %s is noticed by a frontend, for ever", (_, value) => {
    for (const call of ["take", "ask"] as const) {
      const { front, setWord, finish } = rings();
      front.put(bytes(1));
      front.put(bytes(1));
      front.push();
      setWord(8, value);
      expect(() => front[call](new Uint8Array(1))).toThrow(broken);
      setWord(8, 0);
      expect(() => front.take(new Uint8Array(1))).toThrow(broken);
      expect(() => front.ask()).toThrow(broken);
      finish();
    }
  });

  test("that takes back a response after it was seen is noticed", () => {
    const { front, back, setWord, finish } = rings();
    for (const request of [1, 2, 3]) front.put(bytes(request));
    front.push();
    for (const _ of [1, 2, 3]) taken(back);
    for (const response of [1, 2, 3]) back.put(bytes(response));
    back.push();
    expect(taken(front)).toEqual([1]);
    setWord(8, 0);
    // Two were seen, and are there.
    expect([taken(front), taken(front)]).toEqual([[2], [3]]);
    expect(() => taken(front)).toThrow(broken);
    finish();
  });

  test.each([["more requests than slots", 1025], ["very many", 2 ** 31 - 1], ["requests taken back", 0xffff_ffff]])(
    "that claims %s is noticed by a backend, also when it attaches",
    (_, value) => {
      const { back, theirs, setWord, finish } = rings();
      setWord(0, value);
      expect(() => back.take(new Uint8Array(1))).toThrow(broken);
      expect(() => back.ask()).toThrow(broken);
      expect(() => BackRing.attach(theirs, { slotSize: 4 })).toThrow(broken);
      finish();
    },
  );

  test("that pushes into slots whose request has no response yet is noticed", () => {
    const { front, back, word, setWord, finish } = rings();
    for (let slot = 0; slot < front.size; slot++) front.put(bytes(1));
    front.push();
    taken(back);
    setWord(0, word(0) + 1);
    while (back.unanswered < back.size) taken(back);
    expect(() => taken(back)).toThrow(broken);
    finish();
  });

  test("that changes what is not its own changes nothing", () => {
    const { front, back, setWord, finish } = rings();
    front.put(bytes(1));
    front.push();
    setWord(0, 0);
    front.put(bytes(2));
    front.push();
    expect([taken(back), taken(back)]).toEqual([[1], [2]]);
    back.put(bytes(3));
    back.push();
    setWord(8, 1);
    back.put(bytes(4));
    back.push();
    expect([taken(front), taken(front)]).toEqual([[3], [4]]);
    finish();
  });
});

describe("arguments", () => {
  test.each([
    [() => ringSize(0, 4), "Cannot compute the size of a ring as `pages` must be a whole number from 1 to 1024"],
    [() => ringSize(1, 4033), "Cannot compute the size of a ring as `slotSize` must be a whole number from 1 to 4032"],
    [
      () => FrontRing.create({} as never, { slotSize: 4 }),
      "Cannot create a ring as `memory` must be a writable mapping",
    ],
    [() => BackRing.attach(null as never, { slotSize: 4 }), "Cannot attach to a ring as `memory` must be a writable"],
    [() => FrontRing.create({} as never, {} as never), "Cannot create a ring as `slotSize` must be a number"],
    [() => FrontRing.create({} as never, { slots: 4 } as never), "Cannot create a ring"],
  ])("%s is refused", (call, message) => {
    expect(call).toThrow(message);
  });

  test("a mapping that has ended, or is read-only, is refused", () => {
    const { ours, theirs, xen, finish } = rings();
    const mapper = new GrantMapper(xen.domain(0));
    const readOnly = mapper.map(1, theirs.grefs);
    expect(() => BackRing.attach(readOnly as never, { slotSize: 4 })).toThrow("read-only mapping");
    readOnly.unmap();
    mapper.close();
    finish();
    expect(() => FrontRing.create(ours, { slotSize: 4 })).toThrow("must be a writable mapping that has not ended");
    expect(ours.count * PAGE_SIZE).toBe(4096);
  });

  test("records that are no arrays, or too long for a slot, are refused", () => {
    const { front, back, finish } = rings();
    const long = "must have at most 4 bytes, the size of a slot: current value has 5";
    expect(() => front.put(new Uint8Array(5))).toThrow(`Cannot put a request as \`request\` ${long}`);
    expect(() => front.put([1] as never)).toThrow("Cannot put a request as `request` must be a Uint8Array");
    expect(() => front.take(new Uint8Array(5))).toThrow(`Cannot take a response as \`target\` ${long}`);
    expect(() => back.take(new Uint8Array(5))).toThrow(`Cannot take a request as \`target\` ${long}`);
    expect(() => back.put(new Uint8Array(5))).toThrow(`Cannot put a response as \`response\` ${long}`);
    finish();
  });
});

test("what a person sees of a ring", () => {
  const { front, back, finish } = rings({ slotSize: 112 });
  expect(JSON.parse(JSON.stringify(front))).toEqual({ size: 32, free: 32 });
  expect(JSON.parse(JSON.stringify(back))).toEqual({ size: 32, unanswered: 0 });
  finish();
});
