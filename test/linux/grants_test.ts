import { describe, expect, test } from "vitest";
import { GNTALLOC_LIMIT } from "../../backends/linux/errors.ts";
import { linuxGrantBackend } from "../../backends/linux/grants.ts";
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import type { GrantError } from "../../src/contract/errors.ts";
import { libc, openFile, useFakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";

useFakeLibc();

describe("limit()", () => {
  test.each([
    ["1024\n", 1024],
    ["0\n", 0],
    ["2147483647", 2147483647],
    ["4294967294\n", 4294967294],
    ["4294967295\n", Infinity],
    ["-1\n", Infinity],
    ["-2147483648\n", Infinity],
    ["", Infinity],
    ["many\n", Infinity],
  ])("reads %j as %d", (text, limit) => {
    libc.texts[GNTALLOC_LIMIT] = text;
    expect(linuxGrantBackend(libc).limit()).toBe(limit);
  });

  test("returns Infinity when the parameter cannot be read", () => {
    delete libc.texts[GNTALLOC_LIMIT];
    expect(linuxGrantBackend(libc).limit()).toBe(Infinity);
  });

  test("asks the kernel each time", () => {
    const backend = linuxGrantBackend(libc);
    expect(backend.limit()).toBe(1024);
    libc.texts[GNTALLOC_LIMIT] = "2048\n";
    expect(backend.limit()).toBe(2048);
  });
});

describe("grant()", () => {
  test.each([[false, 0], [true, 1]])("makes one request when `writable` is %s", (writable, flags) => {
    const file = openFile(linuxGrantBackend);
    const grefs = new Uint32Array(4);
    file.grant(0, 3, 7, writable, grefs);
    expect(libc.log).toEqual([`ioctl 3 alloc domid 7 flags ${flags} count 3`]);
    expect([...grefs]).toEqual([100, 101, 102, 0]);
  });

  test("sends at least the 24 bytes that the kernel copies, with room for every reference", () => {
    const file = openFile(linuxGrantBackend);
    let page = 0;
    for (const count of [1, 3, 1020, 1021, 5000, 2]) {
      libc.sizes = [];
      const grefs = new Uint32Array(count);
      file.grant(page, count, 1, false, grefs);
      expect(libc.sizes[0]).toBeGreaterThanOrEqual(Math.max(24, 16 + 4 * count));
      expect(grefs).toEqual(Uint32Array.from({ length: count }, (_, i) => 100 + page + i));
      page += count;
    }
    expect(libc.sizes).toEqual([4096]);
  });

  test("throws no-memory when there is no memory for the request", () => {
    const file = openFile(linuxGrantBackend);
    const error = grantError(() => file.grant(0, 2 ** 53 / 4, 1, false, new Uint32Array(1)));
    expect(error).toMatchObject({ code: "no-memory", operation: "allocate" });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(libc.log).toEqual([]);
  });

  test("leaves the references at zero when it fails", () => {
    const file = openFile(linuxGrantBackend);
    const grefs = new Uint32Array(2);
    libc.fail("ioctl", Errno.ENOMEM);
    expect(grantError(() => file.grant(0, 2, 1, false, grefs))).toMatchObject({
      code: "no-memory",
      operation: "allocate",
      errno: Errno.ENOMEM,
      message: "Cannot allocate 2 pages: the kernel has no memory for it (ENOMEM). Free some.",
    });
    expect([...grefs]).toEqual([0, 0]);
  });

  test.each(
    [
      ["ENOTTY", "unsupported", "a device of the driver xen_gntalloc"],
      ["EPERM", "permission", "/dev/xen/gntalloc"],
      ["EFAULT", "backend-failed", "(EFAULT)"],
      ["EINVAL", "backend-failed", "(EINVAL)"],
    ] as const,
  )("throws when the kernel answers %s", (name, code, text) => {
    const file = openFile(linuxGrantBackend);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => file.grant(0, 1, 1, false, new Uint32Array(1)));
    expect(error).toMatchObject({ code, operation: "allocate", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot allocate 1 page: /);
    expect(error.message).toContain(text);
  });

  test("throws an error with the number of an errno that has no name here", () => {
    const file = openFile(linuxGrantBackend);
    libc.fail("ioctl", 71);
    expect(grantError(() => file.grant(0, 1, 1, false, new Uint32Array(1)))).toMatchObject({
      code: "backend-failed",
      errno: 71,
      message: "Cannot allocate 1 page: /dev/xen/gntalloc answered with an error (errno 71).",
    });
  });
});

describe("grant() when the kernel answers ENOSPC", () => {
  function refused(count: number, limit: string | undefined, held: number): GrantError {
    const backend = linuxGrantBackend(libc);
    const [first, second] = [backend.open(), backend.open()];
    if (held > 0) first.grant(0, held, 1, false, new Uint32Array(held));
    delete libc.texts[GNTALLOC_LIMIT];
    if (limit !== undefined) libc.texts[GNTALLOC_LIMIT] = limit;
    libc.fail("ioctl", Errno.ENOSPC);
    const error = grantError(() => second.grant(0, count, 1, false, new Uint32Array(count)));
    expect(error).toMatchObject({ operation: "allocate", errno: Errno.ENOSPC });
    return error;
  }

  test.each(["-1\n", "4294967295\n"])("throws table-full when the kernel has no limit: %j", (limit) => {
    const error = refused(3, limit, 5);
    expect(error.code).toBe("table-full");
    expect(error.message).toContain("max_grant_frames");
  });

  test.each(["-1\n", "1024\n"])("says how to find pages that peers still map, with limit %j", (limit) => {
    for (const held of [0, 5]) {
      const { message } = refused(3, limit, held);
      expect(message).toContain(
        "ages that peers still map after they were freed may fill it (before Linux 5.17, the limit)",
      );
      expect(message).toContain("`xl debug-keys g`");
    }
  });

  test("advises to free pages only when some are held, and to reload the driver only when none is", () => {
    for (const limit of ["-1\n", "10\n", undefined]) {
      const [none, some] = [refused(3, limit, 0).message, refused(3, limit, 5).message];
      expect(none).not.toMatch(/free (some|other)/i);
      expect(none).toContain("rmmod");
      expect(some).toMatch(/free (some|other)/i);
      expect(some).not.toContain("rmmod");
    }
    expect(refused(11, "10\n", 0).message).toMatch(/Ask for fewer, or raise .* as root\.$/);
  });

  test("throws kernel-limit-reached when the request alone exceeds the limit", () => {
    const error = refused(1025, "1024\n", 1);
    expect(error.code).toBe("kernel-limit-reached");
    expect(error.message).toContain("1024 pages together");
    expect(error.message).toContain(GNTALLOC_LIMIT);
  });

  test("throws kernel-limit-reached when the limit is 0", () => {
    expect(refused(1, "0\n", 1).code).toBe("kernel-limit-reached");
  });

  test("throws kernel-limit-reached when the request and the pages of all files of the backend exceed it", () => {
    const error = refused(3, "10\n", 8);
    expect(error.code).toBe("kernel-limit-reached");
    expect(error.message).toBe(
      "Cannot allocate 3 pages: all files of this system may hold 10 pages together, and this backend holds 8 " +
        `(ENOSPC). Free some, or raise ${GNTALLOC_LIMIT} as root.`,
    );
  });

  test("throws no-space when the backend is below the limit", () => {
    const error = refused(2, "10\n", 8);
    expect(error.code).toBe("no-space");
    for (const text of ["this backend holds 8 of the 10 pages", GNTALLOC_LIMIT, "max_grant_frames"]) {
      expect(error.message).toContain(text);
    }
  });

  test("throws no-space when the limit cannot be read", () => {
    const error = refused(2, undefined, 8);
    expect(error.code).toBe("no-space");
    expect(error.message).toContain(`this backend holds 8, and ${GNTALLOC_LIMIT} cannot be read here`);
  });

  test("counts neither pages to which access has ended nor pages of closed files", () => {
    const backend = linuxGrantBackend(libc);
    libc.texts[GNTALLOC_LIMIT] = "10\n";
    const [first, second] = [backend.open(), backend.open()];
    const grefs = new Uint32Array(6);
    first.grant(0, 6, 1, false, grefs);
    second.grant(0, 4, 1, false, grefs);
    first.endAccess(1, 3, grefs);
    second.endAccess(1, 1, grefs);
    first.close();
    libc.fail("ioctl", Errno.ENOSPC);
    const error = grantError(() => second.grant(4, 7, 1, false, grefs));
    expect(error.code).toBe("no-space");
    expect(error.message).toContain("this backend holds 3 of the 10 pages");
  });
});

describe("endAccess()", () => {
  const grefs = new Uint32Array(100);

  test("makes one request for a run, even across grants", () => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 4, 1, false, grefs);
    file.grant(4, 4, 2, true, grefs);
    libc.log = [];
    expect(file.endAccess(1, 6, grefs)).toEqual([]);
    expect(libc.log).toEqual(["ioctl 3 dealloc page 1 count 6"]);
  });

  test("names the kernel's pages when a grant was undone before", () => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 4, 1, false, grefs);
    file.endAccess(0, 4, grefs);
    file.grant(0, 3, 1, false, grefs);
    libc.log = [];
    file.endAccess(1, 2, grefs);
    expect(libc.log).toEqual(["ioctl 3 dealloc page 5 count 2"]);
  });

  test("names the same pages when the kernel refused a grant before", () => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 4, 1, false, grefs);
    libc.fail("ioctl", Errno.ENOSPC);
    grantError(() => file.grant(4, 2, 1, false, grefs));
    file.grant(4, 2, 1, false, grefs);
    libc.log = [];
    file.endAccess(0, 6, grefs);
    expect(libc.log).toEqual(["ioctl 3 dealloc page 0 count 6"]);
  });

  test("makes one request for each stretch when the kernel left pages out", () => {
    const file = fileInThreeStretches();
    expect(file.endAccess(1, 9, grefs)).toEqual([]);
    expect(libc.log).toEqual([
      "ioctl 3 dealloc page 1 count 3",
      "ioctl 3 dealloc page 6 count 4",
      "ioctl 3 dealloc page 11 count 2",
    ]);
  });

  test.each([
    [0, [0, 1, 2]],
    [1, [3, 4, 5, 6]],
    [2, [7, 8]],
  ])("returns the pages of stretch %i when only that one fails", (stretch, held) => {
    const file = fileInThreeStretches();
    libc.fail("ioctl", Errno.EINVAL, stretch);
    expect(file.endAccess(1, 9, grefs)).toEqual(held);
    expect(libc.log).toHaveLength(3);
  });

  test("throws the first error when every stretch fails", () => {
    const file = fileInThreeStretches();
    libc.fail("ioctl", Errno.EINVAL);
    libc.fail("ioctl", Errno.ENOTTY);
    libc.fail("ioctl", Errno.ENOMEM);
    expect(grantError(() => file.endAccess(1, 9, grefs))).toMatchObject({
      code: "not-found",
      operation: "free",
      errno: Errno.EINVAL,
      message:
        "Cannot end access to 9 pages from page 1: /dev/xen/gntalloc does not hold them, or no longer does (EINVAL).",
    });
  });

  test("throws when the kernel answers another errno", () => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 1, 1, false, grefs);
    libc.fail("ioctl", Errno.EFAULT);
    expect(grantError(() => file.endAccess(0, 1, grefs))).toMatchObject({
      code: "backend-failed",
      operation: "free",
      errno: Errno.EFAULT,
    });
  });

  /** Opens a file whose pages 0-3, 4-7 and 8-11 are 0-3, 6-9 and 11-14 of the kernel: grants of 2 and 1 were undone. */
  function fileInThreeStretches() {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 4, 1, false, grefs);
    file.grant(4, 2, 1, false, grefs);
    file.endAccess(4, 2, grefs);
    file.grant(4, 4, 1, false, grefs);
    file.grant(8, 1, 1, false, grefs);
    file.endAccess(8, 1, grefs);
    file.grant(8, 4, 1, false, grefs);
    libc.log = [];
    return file;
  }
});

describe("map() of granted pages", () => {
  const grefs = new Uint32Array(8);

  test.each([[false, "r"], [true, "rw"]])("maps the kernel's pages when `writable` is %s", (writable, mode) => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 2, 1, false, grefs);
    file.endAccess(0, 2, grefs);
    file.grant(0, 5, 1, false, grefs);
    libc.log = [];
    const memory = file.map(1, 3, grefs[1]!, writable);
    expect(libc.log).toEqual([`mmap 3 page 3 length ${3 * PAGE_SIZE} ${mode}`]);
    expect(memory.bytes).toHaveLength(3 * PAGE_SIZE);
    memory.unmap();
    expect(libc.liveMappings).toBe(0);
  });

  test.each(
    [
      ["ENOENT", "not-found", "does not hold them"],
      ["ENOMEM", "no-memory", "no memory"],
      ["EACCES", "permission", "/dev/xen/gntalloc"],
      ["ENODEV", "unsupported", "a device of the driver"],
      ["EAGAIN", "backend-failed", "(EAGAIN)"],
    ] as const,
  )("throws when the kernel answers %s", (name, code, text) => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 2, 1, false, grefs);
    libc.fail("mmap", Errno[name]);
    const error = grantError(() => file.map(1, 1, grefs[1]!, true));
    expect(error).toMatchObject({ code, operation: "map", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot map page 1: /);
    expect(error.message).toContain(text);
    expect(libc.liveMappings).toBe(0);
  });

  test("makes a mapping whose unmap() throws when the kernel refuses", () => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 1, 1, false, grefs);
    const memory = file.map(0, 1, grefs[0]!, true);
    libc.fail("munmap", Errno.EINVAL);
    expect(grantError(() => memory.unmap())).toMatchObject({
      code: "backend-failed",
      operation: "unmap",
      errno: Errno.EINVAL,
    });
  });
});

describe("setUnmapNotify()", () => {
  const grefs = new Uint32Array(8);

  test.each([
    [{}, "index 12288 action 0 port 0"],
    [{ clearByte: 0 }, "index 12288 action 1 port 0"],
    [{ clearByte: 4095 }, "index 16383 action 1 port 0"],
    [{ eventPort: 9 }, "index 12288 action 2 port 9"],
    [{ clearByte: 17, eventPort: 0 }, "index 12305 action 3 port 0"],
  ])("sends the request when the notify is %j: %s", (notify, request) => {
    const file = openFile(linuxGrantBackend);
    file.grant(0, 2, 1, false, grefs);
    file.endAccess(0, 2, grefs);
    file.grant(0, 2, 1, false, grefs);
    libc.log = [];
    file.setUnmapNotify(1, grefs[1]!, notify);
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
    const file = openFile(linuxGrantBackend);
    file.grant(0, 2, 1, false, grefs);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => file.setUnmapNotify(1, grefs[1]!, notify));
    expect(error).toMatchObject({ code, operation: "notify", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot set the unmap notify of page 1: /);
    expect(error.message).toContain(text);
  });
});
