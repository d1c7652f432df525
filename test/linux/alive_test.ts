/** `isAlive()` of a Linux domain, which asks XenStore. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { linuxDomain } from "../../backends/linux/domain.ts";
import { Errno } from "../../src/contract/errno.ts";
import { FakeLibc } from "../support/fake_libc.ts";
import { useShim } from "../support/shim/use_shim.ts";
import { xenstoreAnswer } from "../support/xenstore.ts";

const INTRODUCED = 17;
const ERROR = 16;
/** XS_IS_DOMAIN_INTRODUCED, request 1, no transaction, 3 bytes: "12" and NUL. */
const REQUEST = "11000000010000000000000003000000" + "313200";

describe("isAlive()", () => {
  let libc: FakeLibc;
  beforeEach(() => {
    libc = new FakeLibc();
  });
  const isAlive = (domid: number) => linuxDomain(libc, {}, true).isAlive(domid);
  const answer = (text: string) => xenstoreAnswer(text, INTRODUCED);
  const refused = () => xenstoreAnswer("EACCES\0", ERROR);

  test.each([["T\0", true], ["F\0", false]])("asks XenStore, which tells domain 0: %j", async (text, expected) => {
    libc.xenstore = [answer(text)];
    expect(await isAlive(12)).toBe(expected);
    expect(libc.log).toEqual(["open /dev/xen/xenbus nonblocking", `write 3 ${REQUEST}`, "read 3", "read 3", "close 3"]);
  });

  test("in another domain finds only the domain itself", async () => {
    libc.xenstore = [refused(), xenstoreAnswer("7")];
    expect(await isAlive(7)).toBe(true);
    libc.xenstore = [refused(), xenstoreAnswer("7")];
    expect(await isAlive(0)).toBe(undefined);
    expect(libc.openFiles).toBe(0);
  });

  test.each<[string, (Uint8Array | number)[] | undefined]>([
    ["there is no device", undefined],
    ["the answer is none that there is", [answer("yes\0")]],
    ["the answer is to another request", [xenstoreAnswer("T\0", INTRODUCED, 2)]],
    ["the answer is to another type of request", [xenstoreAnswer("T\0")]],
    ["the device ends", [0]],
    ["reading fails", [-Errno.EIO]],
  ])("is `undefined` if %s", async (_when, xenstore) => {
    libc.xenstore = xenstore && [...xenstore, xenstoreAnswer("7")];
    expect(await isAlive(12)).toBe(undefined);
    expect([libc.openFiles, libc.waiting.size]).toEqual([0, 0]);
  });

  test("is `undefined` if the device cannot be written to or waited for", async () => {
    libc.xenstore = [answer("T\0")];
    for (const _ of [1, 2]) libc.fail("write", Errno.EIO);
    expect(await isAlive(12)).toBe(undefined);
    libc.xenstore = [];
    libc.whenReadable = () => -Errno.ENOMEM;
    expect(await isAlive(12)).toBe(undefined);
    expect(libc.openFiles).toBe(0);
  });

  test("waits for the answer without blocking, and takes it in pieces", async () => {
    const whole = answer("T\0");
    libc.xenstore = [];
    const alive = isAlive(12);
    for (const piece of [whole.subarray(0, 5), whole.subarray(5, 17), whole.subarray(17)]) {
      await vi.waitFor(() => expect(libc.waiting.size).toBe(1));
      const [fd, callBack] = [...libc.waiting][0]!;
      libc.waiting.delete(fd);
      libc.xenstore.push(piece);
      callBack();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await alive).toBe(true);
    expect(libc.openFiles).toBe(0);
  });

  test("gives up if no answer comes", async () => {
    libc.xenstore = [];
    expect(await isAlive(12)).toBe(undefined);
    expect([libc.openFiles, libc.waiting.size]).toEqual([0, 0]);
  }, 30_000);
});

describe("isAlive() on the stand-in device", () => {
  const used = useShim();

  test("in domain 0 knows of all domains", async () => {
    used.shim.domid(0);
    const domain = denoDomain({ libc: used.libc });
    expect([await domain.isAlive(0), await domain.isAlive(1)]).toEqual([true, false]);
  });

  test("in another domain knows of the domain itself", async () => {
    used.shim.domid(5);
    const domain = denoDomain({ libc: used.libc });
    expect([await domain.isAlive(5), await domain.isAlive(0)]).toEqual([true, undefined]);
  });
});
