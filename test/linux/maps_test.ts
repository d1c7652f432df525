import { describe, expect, test } from "vitest";
import { GrantMapper } from "../../mod.ts";
import { GNTDEV_LIMIT } from "../../backends/linux/errors.ts";
import { linuxMapBackend } from "../../backends/linux/maps.ts";
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { libc, openFile, useFakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";

useFakeLibc();

describe("map()", () => {
  test.each([[false, "r"], [true, "rw"]])("maps grants in order when `writable` is %s", (writable, mode) => {
    const file = openFile(linuxMapBackend);
    file.map(2, [5], false);
    libc.log = [];
    const memory = file.map(3, [9, 8, 12], writable);
    expect(memory.bytes).toHaveLength(3 * PAGE_SIZE);
    expect(libc.log).toEqual(["ioctl 3 map 3:9 3:8 3:12", `mmap 3 page 1 length ${3 * PAGE_SIZE} ${mode}`]);
  });

  test("maps grants of several domains with one request and one mapping", () => {
    const file = openFile(linuxMapBackend);
    const memory = file.map([3, 0, 3], [9, 8, 12], true);
    expect(memory.bytes).toHaveLength(3 * PAGE_SIZE);
    expect(libc.log).toEqual(["ioctl 3 map 3:9 0:8 3:12", `mmap 3 page 0 length ${3 * PAGE_SIZE} rw`]);
    libc.log = [];
    memory.unmap();
    expect(libc.log).toEqual(["munmap", "ioctl 3 unmap page 0 count 3"]);
  });

  test.each([
    [[3, 0], "Cannot map 2 grants of 2 domains: "],
    [[3, 3], "Cannot map 2 grants of domain 3: "],
  ])("names the domains %j when it fails", (domids, text) => {
    const file = openFile(linuxMapBackend);
    libc.fail("mmap", Errno.EINVAL);
    expect(grantError(() => file.map(domids, [9, 8], false)).message).toContain(text);
  });

  test("sends a request with room for every reference", () => {
    const file = openFile(linuxMapBackend);
    for (const count of [1, 2, 510, 511, 3000]) {
      libc.sizes = [];
      file.map(1, Array.from({ length: count }, (_, i) => i + 8), false);
      expect(libc.sizes[0]).toBeGreaterThanOrEqual(Math.max(24, 16 + 8 * count));
    }
  });

  test.each(
    [
      ["EINVAL", "map-refused", `more than the driver's limit, ${GNTDEV_LIMIT}, allows (EINVAL). Map fewer`],
      ["ENOMEM", "no-memory", "no memory"],
      ["ENOTTY", "unsupported", "driver xen_gntdev"],
      ["EFAULT", "backend-failed", "(EFAULT)"],
    ] as const,
  )("throws when the kernel answers %s to the request", (name, code, text) => {
    const file = openFile(linuxMapBackend);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => file.map(3, [9, 8], true));
    expect(error).toMatchObject({ code, operation: "map", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot map 2 grants of domain 3: /);
    expect(error.message).toContain(text);
    expect(libc.log).toHaveLength(1);
  });

  test("maps more than 65,536 grants at once when the driver takes them", () => {
    const mapper = new GrantMapper({ maps: linuxMapBackend(libc) });
    const mapping = mapper.map(3, new Array<number>(70_000).fill(9));
    expect(mapping.count).toBe(70_000);
    mapping.unmap();
    expect(libc.liveMappings).toBe(0);
  });

  test("throws no-memory when there is no memory for the request", () => {
    const file = openFile(linuxMapBackend);
    const grefs = { length: 2 ** 53 / 8 } as unknown as number[];
    const error = grantError(() => file.map(3, grefs, false));
    expect(error).toMatchObject({ code: "no-memory", operation: "map" });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(libc.log).toEqual([]);
  });

  test("names the driver's limit when the kernel refuses more grants than that", () => {
    libc.texts[GNTDEV_LIMIT] = "65536\n";
    const file = openFile(linuxMapBackend);
    libc.fail("ioctl", Errno.EINVAL);
    expect(grantError(() => file.map(3, new Array<number>(65_537).fill(9), true)).message).toBe(
      `Cannot map 65537 grants of domain 3: one mapping may have at most 65536 grants, according to ${GNTDEV_LIMIT} ` +
        "(EINVAL). Map fewer at a time, or raise the limit as root.",
    );
  });

  test.each([
    [[3, 3], false, "domain 3", ""],
    [[3, 0], true, "each domain", ", that it granted them for writing"],
  ])("says what to check when Xen refuses grants of %j, with `writable` %s", (domids, writable, granter, writing) => {
    const file = openFile(linuxMapBackend);
    libc.fail("mmap", Errno.EINVAL);
    expect(grantError(() => file.map(domids, [9, 8], writable)).message).toContain(
      `: Xen refused at least one, and does not say why (EINVAL). Check that ${granter} granted them, that it ` +
        `granted them to this domain and not to another${writing}, and that it has not freed them since.`,
    );
  });

  test.each(
    [
      ["EINVAL", "map-refused"],
      ["ENOMEM", "no-memory"],
      ["EAGAIN", "backend-failed"],
    ] as const,
  )("makes the device forget the grants when `mmap` fails with %s", (name, code) => {
    const file = openFile(linuxMapBackend);
    libc.fail("mmap", Errno[name]);
    expect(grantError(() => file.map(3, [9], false))).toMatchObject({ code, operation: "map", errno: Errno[name] });
    expect(libc.log).toEqual(["ioctl 3 map 3:9", "mmap 3 page 0 length 4096 r", "ioctl 3 unmap page 0 count 1"]);
    expect(libc.liveMappings).toBe(0);
  });

  test("throws the error of `mmap` when the device does not forget the grants either", () => {
    const file = openFile(linuxMapBackend);
    libc.fail("mmap", Errno.EINVAL);
    libc.fail("ioctl", Errno.ENOENT, 1);
    expect(grantError(() => file.map(3, [9], false))).toMatchObject({ code: "map-refused", errno: Errno.EINVAL });
  });
});

describe("unmap()", () => {
  test("unmaps the memory, then makes the device forget the grants", () => {
    const file = openFile(linuxMapBackend);
    file.map(2, [5, 6], false);
    const memory = file.map(3, [9, 8], true);
    libc.log = [];
    memory.unmap();
    expect(libc.log).toEqual(["munmap", "ioctl 3 unmap page 2 count 2"]);
  });

  test("makes the device forget the grants when unmapping fails, and throws that error", () => {
    const file = openFile(linuxMapBackend);
    const memory = file.map(3, [9], true);
    libc.log = [];
    libc.fail("munmap", Errno.EINVAL);
    libc.fail("ioctl", Errno.ENOENT);
    expect(grantError(() => memory.unmap())).toMatchObject({ operation: "unmap", errno: Errno.EINVAL });
    expect(libc.log).toEqual(["munmap", "ioctl 3 unmap page 0 count 1"]);
  });

  test("throws when the device does not forget the grants", () => {
    const file = openFile(linuxMapBackend);
    const memory = file.map(3, [9], true);
    libc.fail("ioctl", Errno.ENOENT);
    expect(grantError(() => memory.unmap())).toMatchObject({
      code: "backend-failed",
      operation: "unmap",
      errno: Errno.ENOENT,
      message: "Cannot unmap 1 grant of domain 3: /dev/xen/gntdev answered with an error (ENOENT).",
    });
  });
});

describe("setUnmapNotify()", () => {
  test.each([
    [{}, "index 8192 action 0 port 0"],
    [{ clearByte: 0 }, "index 8192 action 1 port 0"],
    [{ clearByte: 4097 }, "index 12289 action 1 port 0"],
    [{ eventPort: 9 }, "index 8192 action 2 port 9"],
    [{ clearByte: 8191, eventPort: 0 }, "index 16383 action 3 port 0"],
  ])("sends the request when the notify is %j: %s", (notify, request) => {
    const file = openFile(linuxMapBackend);
    file.map(2, [5, 6], true);
    const memory = file.map(2, [7, 8], true);
    libc.log = [];
    memory.setUnmapNotify(notify);
    expect(libc.log).toEqual([`ioctl 3 notify ${request}`]);
  });

  test.each(
    [
      ["EINVAL", { eventPort: 77 }, "notify-refused", "bound to port 77"],
      ["EINVAL", { clearByte: 1 }, "backend-failed", "(EINVAL)"],
      ["ENOENT", { eventPort: 77 }, "not-found", "does not hold them"],
      ["ENOTTY", { clearByte: 1 }, "unsupported", "does not know the request"],
    ] as const,
  )("throws when the kernel answers %s to %j", (name, notify, code, text) => {
    const memory = openFile(linuxMapBackend).map(2, [7], true);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => memory.setUnmapNotify(notify));
    expect(error).toMatchObject({ code, operation: "notify", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot set the unmap notify of a mapping: /);
    expect(error.message).toContain(text);
  });
});
