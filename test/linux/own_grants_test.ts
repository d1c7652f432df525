import { beforeEach, describe, expect, test } from "vitest";
import { linuxDomain, type LinuxDomainOptions } from "../../backends/linux/domain.ts";
import { GUEST_TYPE } from "../../backends/linux/own_grants.ts";
import type { MapFile } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { FakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";
import { xenstoreAnswer } from "../support/xenstore.ts";

let libc: FakeLibc;
beforeEach(() => {
  libc = new FakeLibc();
});

const OPEN_EVTCHN = "open /dev/xen/evtchn nonblocking";
const OPEN_XENBUS = "open /dev/xen/xenbus nonblocking";

/** Opens the mapping device of a domain that is number 7, and forgets the calls that it took. */
function openFile(
  { type = "PVH\n", isX86 = true, ...options }: LinuxDomainOptions & { type?: string; isX86?: boolean } = {},
) {
  libc.texts[GUEST_TYPE] = type;
  const file = linuxDomain(libc, options, isX86).maps.open();
  libc.log = [];
  return file;
}

/** How often the domain looked whether another one is itself. */
const looks = () => libc.log.filter((line) => line === OPEN_EVTCHN).length;

describe("mapping grants", () => {
  test.each(["PVH\n", "HVM\n"])(
    "of the own domain throws own-grant in a domain of type %j, and maps nothing",
    (type) => {
      const file = openFile({ type });
      const name = type.trim();
      expect(grantError(() => file.map(7, [9, 8], false))).toMatchObject({
        code: "own-grant",
        operation: "map",
        message:
          `Cannot map 2 grants of domain 7: this is domain 7, and a ${name} domain on x86 that maps its own grant ` +
          "loses the page, and then its kernel panics. Use the pages as their owner, with `map()` of what " +
          "`allocate()` returned, or with `copy()` of the mapper. To accept the risk, pass `allowOwnGrants: true` to " +
          "denoDomain() or nodeDomain().",
      });
      expect(libc.log).toEqual([
        OPEN_EVTCHN,
        "ioctl 4 bind for 7",
        "ioctl 4 bind 32752:20",
        "close 4",
      ]);
    },
  );

  test("of several domains throws own-grant when one is the own domain", () => {
    const file = openFile();
    expect(grantError(() => file.map([0, 7], [9, 8], true)).code).toBe("own-grant");
    file.map([0, 6], [9, 8], true);
  });

  test("of another domain is allowed, and looks once at each in every call", () => {
    const file = openFile();
    for (const domid of [6, 6, 5, [6, 5], [5, 5]]) file.map(domid, typeof domid === "number" ? [9] : [9, 8], true);
    expect(looks()).toBe(6);
    expect(libc.openFiles).toBe(1);
  });

  test("of the domid that the domain had before a migration is allowed", () => {
    const file = openFile();
    expect(grantError(() => file.map(7, [9], true)).code).toBe("own-grant");
    libc.ownDomid = 8;
    file.map(7, [9], true);
    expect(grantError(() => file.map(8, [9], true)).code).toBe("own-grant");
  });

  test("of the domid that another domain had before a migration throws own-grant", () => {
    const file = openFile();
    file.map(8, [9], true);
    libc.ownDomid = 8;
    expect(grantError(() => file.map(8, [9], true)).code).toBe("own-grant");
    file.map(7, [9], true);
  });

  test("looks at the device that the domain was given", () => {
    const file = openFile({ evtchn: "/dev/other" });
    expect(grantError(() => file.map(7, [9], true)).code).toBe("own-grant");
    expect(libc.log[0]).toBe("open /dev/other nonblocking");
  });

  test.each([
    ["in a PV domain", { type: "PV\n" }],
    ["where the type is not known", { type: "" }],
    ["on a machine that is no x86", { isX86: false }],
    ["with `allowOwnGrants`", { allowOwnGrants: true }],
  ])("of the own domain is allowed %s, without a look at it", (_where, options) => {
    const file = openFile(options);
    file.map(7, [9], true);
    expect(looks()).toBe(0);
  });

  test.each(
    [
      ["the device cannot be opened", "open", Errno.EACCES, 0],
      ["no port is left", "ioctl", Errno.ENOSPC, 0],
      ["no second port is left", "ioctl", Errno.ENOSPC, 1],
    ] as const,
  )("is allowed where %s, and looks again the next time", (_why, call, errno, skip) => {
    const file = openFile();
    libc.fail(call, errno, skip);
    file.map(7, [9], true);
    expect(libc.openFiles).toBe(1);
    expect(grantError(() => file.map(7, [9], true)).code).toBe("own-grant");
  });
});

describe("where the device for event channels cannot be opened, mapping grants", () => {
  /** Maps a grant of a domain while the device is closed to this process. */
  function map(file: MapFile, domid: number, answers: (Uint8Array | number)[] | undefined) {
    libc.fail("open", Errno.EACCES);
    libc.xenstore = answers;
    try {
      return file.map(domid, [9], true);
    } finally {
      expect(libc.openFiles).toBe(1);
    }
  }

  test("of the own domain throws own-grant, because XenStore tells the own domid", () => {
    const file = openFile();
    expect(grantError(() => map(file, 7, [xenstoreAnswer("7")])).code).toBe("own-grant");
    // XS_READ, request 1, no transaction, 6 bytes: "domid" and NUL.
    const request = "02000000010000000000000006000000" + "646f6d696400";
    expect(libc.log).toEqual([OPEN_EVTCHN, OPEN_XENBUS, `write 4 ${request}`, "read 4", "read 4", "close 4"]);
  });

  test("of another domain is allowed, and asks XenStore again each time", () => {
    const file = openFile();
    map(file, 6, [xenstoreAnswer("7")]);
    map(file, 7, [xenstoreAnswer("8")]);
    expect(grantError(() => map(file, 6, [xenstoreAnswer("6")])).code).toBe("own-grant");
  });

  test("of several domains asks XenStore once", () => {
    const file = openFile();
    // XenStore is opened after the first of the three.
    for (const skip of [0, 1, 1]) libc.fail("open", Errno.EACCES, skip);
    libc.xenstore = [xenstoreAnswer("7")];
    expect(grantError(() => file.map([6, 5, 7], [9, 9, 9], true)).code).toBe("own-grant");
    expect(libc.log.filter((line) => line === OPEN_XENBUS)).toHaveLength(1);
  });

  test("takes the answer in pieces, and waits for it without the event loop", () => {
    const file = openFile();
    const whole = xenstoreAnswer("7");
    const answers = [whole.subarray(0, 5), -Errno.EAGAIN, whole.subarray(5, 16), -Errno.EAGAIN, whole.subarray(16)];
    expect(grantError(() => map(file, 7, answers)).code).toBe("own-grant");
  });

  test("asks the socket of XenStore, if the domain was given one", () => {
    const file = openFile({ xenstored: "/tmp/socket" });
    libc.fail("open", Errno.EACCES);
    libc.xenstore = [xenstoreAnswer("0")];
    expect(grantError(() => file.map(0, [9], true)).code).toBe("own-grant");
    expect(libc.log[1]).toBe("connect /tmp/socket");
  });

  test.each<[string, (Uint8Array | number)[] | undefined]>([
    ["has no device", undefined],
    ["refuses to tell", [xenstoreAnswer("ENOENT\0", 16)]],
    ["answers another request", [xenstoreAnswer("7", 2, 2)]],
    ["answers what is no domid", [xenstoreAnswer("7x")]],
    ["answers nothing", [xenstoreAnswer("")]],
    ["has ended", [0]],
    ["cannot be read", [-Errno.EIO]],
  ])("is allowed if XenStore %s", (_why, answers) => {
    map(openFile(), 7, answers);
  });

  test("is allowed if XenStore does not answer within half a second", () => {
    const begin = performance.now();
    map(openFile(), 7, []);
    const time = performance.now() - begin;
    expect(time).toBeGreaterThanOrEqual(490);
    expect(time).toBeLessThan(5000);
  });
});

test("copying from and to own grants is allowed, without a look at the own domid", () => {
  const file = openFile();
  const own = { domid: 7, gref: 9, offset: 0 };
  const memory = new Uint8Array(4);
  expect(file.copy([{ from: own, to: memory, length: 4 }, { from: memory, to: own, length: 4 }])).toEqual([0, 0]);
  expect(looks()).toBe(0);
});
