/** How answers are looked for before the kernel waits for them. */
import { beforeEach, describe, expect, test } from "vitest";
import { EagerReader } from "../../backends/linux/eager_reader.ts";
import { XENBUS } from "../../backends/linux/xenbus.ts";
import { Errno } from "../../src/contract/errno.ts";
import { nextTurn } from "../../src/contract/event_loop.ts";
import { libc, useFakeLibc } from "../support/fake_libc.ts";

useFakeLibc();

let reader: EagerReader;
/** The time of the reader, in milliseconds. It stands still unless a test moves it. */
let time: number;

beforeEach(() => {
  time = 1000;
  libc.xenstore = [];
  reader = new EagerReader(libc, libc.open(XENBUS), () => time);
  libc.log = [];
});

/** Asks and waits for the answer. Returns whether the wait is over. */
function ask(): () => boolean {
  let isOver = false;
  reader.expect();
  reader.whenReadable(() => isOver = true);
  return () => isOver;
}

/**
 * Asks, and lets the reader look in this many turns in time, and in one that is late: the kernel waits then. Returns
 * how often the answer was looked for.
 */
async function askInVain(turnsInTime = 1): Promise<number> {
  libc.log = [];
  ask();
  await turns(turnsInTime);
  time += 0.1;
  await turns(1);
  expect(libc.waiting.size).toBe(1);
  const looks = libc.log.filter((line) => line === "read 3").length;
  // The answer, at last.
  libc.waiting.get(3)!();
  return looks;
}

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(nextTurn);
};

test("finds an answer that comes soon, in a later turn, without the kernel's help", async () => {
  const isOver = ask();
  libc.xenstore!.push(Uint8Array.of(1, 2, 3));
  expect(isOver()).toBe(false);
  await turns(2);
  expect(isOver()).toBe(true);
  expect(libc.log).not.toContain("wait 3");
  const [bytes, rest] = [new Uint8Array(2), new Uint8Array(2)];
  expect([reader.read(bytes), reader.read(rest), reader.read(rest)]).toEqual([2, 1, -Errno.EAGAIN]);
  expect([...bytes, rest[0]]).toEqual([1, 2, 3]);
});

test("has the kernel wait at once while nobody has asked", async () => {
  let isOver = false;
  reader.whenReadable(() => isOver = true);
  expect(libc.log).toEqual(["wait 3"]);
  await turns(3);
  expect([isOver, libc.log.length]).toEqual([false, 1]);
  libc.waiting.get(3)!();
  expect(isOver).toBe(true);
});

test("a question during the kernel's wait is looked for, too", async () => {
  let isOver = false;
  reader.whenReadable(() => isOver = true);
  libc.xenstore!.push(Uint8Array.of(1));
  reader.expect();
  await turns(2);
  expect([isOver, libc.waiting.size]).toEqual([true, 0]);
});

test("several questions in one turn are looked for together", async () => {
  ask();
  for (let request = 0; request < 3; request++) reader.expect();
  await turns(1);
  expect(libc.log).toEqual(Array(6).fill("read 3"));
});

test("the kernel's wait goes on if looking for a question's answer meanwhile finds nothing", async () => {
  let calls = 0;
  reader.whenReadable(() => calls++);
  reader.expect();
  await turns(1);
  time += 0.1;
  await turns(2);
  expect(libc.log.filter((line) => line === "read 3")).toHaveLength(2 * 6);
  expect(libc.log.filter((line) => line === "wait 3")).toHaveLength(1);
  expect([calls, libc.waiting.size]).toEqual([0, 1]);
  libc.waiting.get(3)!();
  expect(calls).toBe(1);
  expect(reader.read(new Uint8Array(1))).toBe(-Errno.EAGAIN);
});

describe("where looking does not help", () => {
  test("it is tried ever less often, and again after the first success", async () => {
    const tried: number[] = [];
    for (let request = 0; request < 200; request++) {
      if (await askInVain() > 0) tried.push(request);
    }
    expect(tried).toEqual([0, 2, 6, 14, 30, 62, 126, 190]);
    // The next one that is looked for.
    for (let request = 200; request < 254; request++) expect(await askInVain()).toBe(0);
    libc.xenstore!.push(Uint8Array.of(1));
    const isOver = ask();
    await turns(2);
    expect(isOver()).toBe(true);
    reader.read(new Uint8Array(1));
    expect(await askInVain()).toBeGreaterThan(0);
  });

  test("a success makes up for all failures before it", async () => {
    const isTried = async () => await askInVain() > 0;
    // The next three are skipped.
    expect([await isTried(), await isTried(), await isTried()]).toEqual([true, false, true]);
    for (let request = 0; request < 3; request++) expect(await isTried()).toBe(false);
    libc.xenstore!.push(Uint8Array.of(1));
    const isOver = ask();
    await turns(1);
    expect(isOver()).toBe(true);
    expect(reader.read(new Uint8Array(1))).toBe(1);
    // One is skipped after the first failure, as at the beginning.
    expect([await isTried(), await isTried(), await isTried()]).toEqual([true, false, true]);
  });

  test("it is given up, but not at once", async () => {
    expect(await askInVain(3)).toBe(4 * 6);
  });

  test("it is given up after a tenth of a millisecond", async () => {
    ask();
    time += 0.0999;
    await turns(5);
    expect(libc.waiting.size).toBe(0);
    time += 0.0001;
    await turns(1);
    expect(libc.waiting.size).toBe(1);
    libc.log = [];
    await turns(2);
    expect(libc.log).toEqual([]);
  });
});

test("a failure of the read, and of the wait, is what the next read returns", async () => {
  libc.xenstore!.push(-Errno.ECONNRESET);
  const isOver = ask();
  await turns(2);
  expect(isOver()).toBe(true);
  for (let read = 0; read < 2; read++) expect(reader.read(new Uint8Array(1))).toBe(-Errno.ECONNRESET);

  const other = new EagerReader(libc, 4, () => time);
  libc.fail("wait", Errno.ENOMEM);
  expect(other.whenReadable(() => {})).toBe(-Errno.ENOMEM);
  libc.fail("wait", Errno.ENOMEM);
  other.expect();
  let isCalled = false;
  other.whenReadable(() => isCalled = true);
  time += 0.1;
  await turns(1);
  expect(isCalled).toBe(true);
  expect(other.read(new Uint8Array(1))).toBe(-Errno.ENOMEM);
});

test("a stopped wait is not called back, while it looks and while the kernel waits", async () => {
  reader.expect();
  const stop = reader.whenReadable(() => expect.fail("stopped")) as () => void;
  stop();
  libc.xenstore!.push(Uint8Array.of(1));
  await turns(2);
  expect(reader.read(new Uint8Array(1))).toBe(1);
  await askInVain();
  (reader.whenReadable(() => expect.fail("stopped")) as () => void)();
  expect(libc.waiting.size).toBe(0);
});

test("once closed, it neither waits nor reads from a descriptor that may be another file's", async () => {
  const isOver = ask();
  reader.close();
  libc.log = [];
  await turns(3);
  expect([isOver(), libc.log]).toEqual([false, []]);
  reader.read(new Uint8Array(1));
  expect(libc.log).toEqual(["read -1"]);
});
