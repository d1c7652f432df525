import { beforeEach, describe, expect, test } from "vitest";
import { linuxDomain, type LinuxDomainOptions } from "../../backends/linux/domain.ts";
import { GUEST_TYPE } from "../../backends/linux/own_grants.ts";
import { Errno } from "../../src/contract/errno.ts";
import { FakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";

let libc: FakeLibc;
beforeEach(() => {
  libc = new FakeLibc();
});

const OPEN_EVTCHN = "open /dev/xen/evtchn nonblocking";

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

  test("of other domains is allowed, and looks once at each of them", () => {
    const file = openFile();
    file.map(6, [9], true);
    file.map([6, 5, 6], [9, 8, 7], true);
    expect(looks()).toBe(3);
    expect(libc.openFiles).toBe(1);
  });

  test("of the domid that the domain has only since a migration throws own-grant", () => {
    const file = openFile();
    file.map(8, [9], true);
    libc.ownDomid = 8;
    file.map(7, [9], true);
    expect(grantError(() => file.map(8, [9], true)).code).toBe("own-grant");
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

test("copying from and to own grants is allowed, without a look at the own domid", () => {
  const file = openFile();
  const own = { domid: 7, gref: 9, offset: 0 };
  const memory = new Uint8Array(4);
  expect(file.copy([{ from: own, to: memory, length: 4 }, { from: memory, to: own, length: 4 }])).toEqual([0, 0]);
  expect(looks()).toBe(0);
});
