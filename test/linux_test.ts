import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../backends/abi.ts";
import { PAGE_SIZE } from "../backends/backend.ts";
import { Errno, errnoName } from "../backends/errno.ts";
import { KernelPages } from "../backends/kernel_pages.ts";
import type { Libc, LibcMapping } from "../backends/libc.ts";
import { linuxGrantBackend, linuxMapBackend } from "../backends/linux.ts";
import { GNTALLOC_LIMIT, HYPERVISOR_TYPE } from "../backends/linux_errors.ts";
import { GrantError } from "../src/errors.ts";

type Call = "open" | "close" | "ioctl" | "mmap" | "munmap";

/** A C library that answers as the devices do, remembers what was asked of it, and fails when told to. */
class FakeLibc implements Libc {
  /** What was asked, in order. */
  log: string[] = [];
  /** The sizes of the memory that ioctls came with. */
  sizes: number[] = [];
  texts: Record<string, string> = { [GNTALLOC_LIMIT]: "1024\n", [HYPERVISOR_TYPE]: "xen\n" };
  openFiles = 0;
  liveMappings = 0;
  #nextFd = 3;
  #nextIndex = 0;
  #failures: { call: Call; skip: number; errno: number }[] = [];

  /** Has a call fail, after `skip` more of its kind have not. */
  fail(call: Call, errno: number, skip = 0): void {
    this.#failures.push({ call, skip, errno });
  }

  open(path: string): number {
    this.log.push(`open ${path}`);
    const failure = this.#failure("open");
    if (failure < 0) return failure;
    this.openFiles++;
    return this.#nextFd++;
  }

  close(fd: number): number {
    this.log.push(`close ${fd}`);
    this.openFiles--;
    return this.#failure("close");
  }

  ioctl(fd: number, request: number, bytes: Uint8Array<ArrayBuffer>): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.log.push(`ioctl ${fd} ${describeRequest(request, view)}`);
    this.sizes.push(bytes.byteLength);
    const failure = this.#failure("ioctl");
    if (failure < 0) return failure;
    if (request === abi.IOCTL_GNTALLOC_ALLOC_GREF) {
      const count = view.getUint32(4, true);
      view.setBigUint64(8, BigInt(this.#nextIndex) * 4096n, true);
      for (let i = 0; i < count; i++) view.setUint32(16 + 4 * i, 100 + this.#nextIndex + i, true);
      this.#nextIndex += count;
    } else if (request === abi.IOCTL_GNTDEV_MAP_GRANT_REF) {
      view.setBigUint64(8, BigInt(this.#nextIndex) * 4096n, true);
      this.#nextIndex += view.getUint32(0, true);
    }
    return 0;
  }

  mmap(fd: number, offset: number, length: number, writable: boolean): LibcMapping | number {
    this.log.push(`mmap ${fd} page ${offset / PAGE_SIZE} length ${length} ${writable ? "rw" : "r"}`);
    const failure = this.#failure("mmap");
    if (failure < 0) return failure;
    this.liveMappings++;
    return {
      bytes: new Uint8Array(length),
      unmap: () => {
        this.log.push("munmap");
        this.liveMappings--;
        return this.#failure("munmap");
      },
    };
  }

  readText(path: string): string | number {
    return this.texts[path] ?? -Errno.ENOENT;
  }

  #failure(call: Call): number {
    for (const [at, failure] of this.#failures.entries()) {
      if (failure.call !== call) continue;
      if (failure.skip-- > 0) continue;
      this.#failures.splice(at, 1);
      return -failure.errno;
    }
    return 0;
  }
}

function describeRequest(request: number, view: DataView): string {
  const u32 = (offset: number) => view.getUint32(offset, true);
  const index = () => Number(view.getBigUint64(0, true));
  switch (request) {
    case abi.IOCTL_GNTALLOC_ALLOC_GREF:
      return `alloc domid ${view.getUint16(0, true)} flags ${view.getUint16(2, true)} count ${u32(4)}`;
    case abi.IOCTL_GNTALLOC_DEALLOC_GREF:
      return `dealloc page ${index() / PAGE_SIZE} count ${u32(8)}`;
    case abi.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY:
      return `notify index ${index()} action ${u32(8)} port ${u32(12)}`;
    case abi.IOCTL_GNTDEV_MAP_GRANT_REF: {
      const refs = Array.from({ length: u32(0) }, (_, i) => `${u32(16 + 8 * i)}:${u32(20 + 8 * i)}`);
      return `map ${refs.join(" ")}`;
    }
    case abi.IOCTL_GNTDEV_UNMAP_GRANT_REF:
      return `unmap page ${index() / PAGE_SIZE} count ${u32(8)}`;
  }
  throw new Error(`unknown request ${request}`);
}

/** The error that `action` throws, which must be a GrantError. */
function grantError(action: () => unknown): GrantError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrantError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

let libc: FakeLibc;
beforeEach(() => {
  libc = new FakeLibc();
});

/** Opens a file and forgets the calls that took. */
function openGrantFile(backend = linuxGrantBackend(libc)) {
  const file = backend.open();
  libc.log = [];
  return file;
}

function openMapFile(backend = linuxMapBackend(libc)) {
  const file = backend.open();
  libc.log = [];
  return file;
}

describe("limit()", () => {
  test.each([
    ["1024\n", 1024],
    ["0\n", 0],
    ["2147483647", 2147483647],
    ["-1\n", Infinity],
    ["-2147483648\n", Infinity],
    ["", Infinity],
    ["many\n", Infinity],
  ])("reads %j as %d", (text, limit) => {
    libc.texts[GNTALLOC_LIMIT] = text;
    expect(linuxGrantBackend(libc).limit()).toBe(limit);
  });

  test("is Infinity where the parameter cannot be read: the kernel decides", () => {
    delete libc.texts[GNTALLOC_LIMIT];
    expect(linuxGrantBackend(libc).limit()).toBe(Infinity);
  });

  test("is asked of the kernel each time", () => {
    const backend = linuxGrantBackend(libc);
    expect(backend.limit()).toBe(1024);
    libc.texts[GNTALLOC_LIMIT] = "2048\n";
    expect(backend.limit()).toBe(2048);
  });
});

describe.each([
  { make: linuxGrantBackend, path: "/dev/xen/gntalloc", driver: "xen_gntalloc" },
  { make: linuxMapBackend, path: "/dev/xen/gntdev", driver: "xen_gntdev" },
])("open() of $path", ({ make, path, driver }) => {
  test("opens the device, under its name", () => {
    const backend = make(libc);
    expect(backend.name).toBe(path);
    expect(libc.log).toEqual([]);
    backend.open();
    expect(libc.log).toEqual([`open ${path}`]);
  });

  test("opens another device when given its path", () => {
    const backend = make(libc, "/dev/other");
    expect(backend.name).toBe("/dev/other");
    backend.open();
    expect(libc.log).toEqual(["open /dev/other"]);
  });

  test("close() closes it, once", () => {
    const file = make(libc).open();
    libc.log = [];
    file.close();
    expect(libc.log).toEqual(["close 3"]);
    expect(libc.openFiles).toBe(0);
  });

  test("close() throws when the system says so", () => {
    const file = make(libc).open();
    libc.fail("close", Errno.EIO);
    expect(grantError(() => file.close())).toMatchObject({
      code: "backend-failed",
      operation: "close",
      errno: Errno.EIO,
      message: `Cannot close ${path} as ${path} answered with an error (EIO)`,
    });
  });

  test.each(["ENOENT", "ENXIO", "ENODEV"] as const)("names the module to load after %s in a Xen domain", (name) => {
    libc.fail("open", Errno[name]);
    expect(grantError(() => make(libc).open())).toMatchObject({
      code: "no-device",
      operation: "open",
      errno: Errno[name],
      message: `Cannot open ${path} as there is no such device: load its driver with \`modprobe ${driver}\`, ` +
        `and in a container pass the device in (${name})`,
    });
  });

  test.each([undefined, "kvm\n", ""])("points to the mock when the type of the hypervisor is %j", (type) => {
    delete libc.texts[HYPERVISOR_TYPE];
    if (type !== undefined) libc.texts[HYPERVISOR_TYPE] = type;
    libc.fail("open", Errno.ENOENT);
    const error = grantError(() => make(libc).open());
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain("must be a Xen domain");
    expect(error.message).toContain("MockXen");
    expect(error.message).not.toContain("modprobe");
  });

  test.each(["EACCES", "EPERM"] as const)("says who may use the device after %s", (name) => {
    libc.fail("open", Errno[name]);
    const error = grantError(() => make(libc).open());
    expect(error).toMatchObject({ code: "permission", operation: "open", errno: Errno[name] });
    expect(error.message).toContain(path);
    expect(error.message).toContain("run as root");
    expect(error.message).toContain(`KERNEL=="${path.slice("/dev/".length)}"`);
  });

  test.each(
    [
      ["EMFILE", "backend-failed", "ulimit -n"],
      ["ENFILE", "backend-failed", "/proc/sys/fs/file-max"],
      ["ENOMEM", "no-memory", "no memory"],
      ["EIO", "backend-failed", "(EIO)"],
    ] as const,
  )("throws after %s", (name, code, text) => {
    libc.fail("open", Errno[name]);
    const error = grantError(() => make(libc).open());
    expect(error).toMatchObject({ code, operation: "open", errno: Errno[name] });
    expect(error.message).toContain(text);
  });

  test("leaves nothing open when it throws", () => {
    libc.fail("open", Errno.ENOENT);
    grantError(() => make(libc).open());
    expect(libc.openFiles).toBe(0);
  });
});

describe("grant()", () => {
  test.each([[false, 0], [true, 1]])("asks once, with the flag of writable %s", (writable, flags) => {
    const file = openGrantFile();
    const grefs = new Uint32Array(4);
    file.grant(0, 3, 7, writable, grefs);
    expect(libc.log).toEqual([`ioctl 3 alloc domid 7 flags ${flags} count 3`]);
    expect([...grefs]).toEqual([100, 101, 102, 0]);
  });

  test("comes with at least the 24 bytes that the kernel copies, and with room for every reference", () => {
    const file = openGrantFile();
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

  test("throws no-memory when not even the request can be had", () => {
    const file = openGrantFile();
    const error = grantError(() => file.grant(0, 2 ** 53 / 4, 1, false, new Uint32Array(1)));
    expect(error).toMatchObject({ code: "no-memory", operation: "allocate" });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(libc.log).toEqual([]);
  });

  test("leaves the references at zero when it throws", () => {
    const file = openGrantFile();
    const grefs = new Uint32Array(2);
    libc.fail("ioctl", Errno.ENOMEM);
    expect(grantError(() => file.grant(0, 2, 1, false, grefs))).toMatchObject({
      code: "no-memory",
      operation: "allocate",
      errno: Errno.ENOMEM,
      message: "Cannot allocate 2 pages as the kernel has no memory for it: free some (ENOMEM)",
    });
    expect([...grefs]).toEqual([0, 0]);
  });

  test.each(
    [
      ["ENOTTY", "unsupported", "must be a device of the driver xen_gntalloc"],
      ["EPERM", "permission", "/dev/xen/gntalloc"],
      ["EFAULT", "backend-failed", "(EFAULT)"],
      ["EINVAL", "backend-failed", "(EINVAL)"],
    ] as const,
  )("throws after %s", (name, code, text) => {
    const file = openGrantFile();
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => file.grant(0, 1, 1, false, new Uint32Array(1)));
    expect(error).toMatchObject({ code, operation: "allocate", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot allocate 1 page as /);
    expect(error.message).toContain(text);
  });

  test("throws after an errno without a name here, with its number", () => {
    const file = openGrantFile();
    libc.fail("ioctl", 71);
    expect(grantError(() => file.grant(0, 1, 1, false, new Uint32Array(1)))).toMatchObject({
      code: "backend-failed",
      errno: 71,
      message: "Cannot allocate 1 page as /dev/xen/gntalloc answered with an error (errno 71)",
    });
  });
});

describe("grant() after ENOSPC", () => {
  function refused(count: number, limit: string | undefined, held: number): GrantError {
    const backend = linuxGrantBackend(libc);
    const [first, second] = [backend.open(), backend.open()];
    first.grant(0, held, 1, false, new Uint32Array(held));
    delete libc.texts[GNTALLOC_LIMIT];
    if (limit !== undefined) libc.texts[GNTALLOC_LIMIT] = limit;
    libc.fail("ioctl", Errno.ENOSPC);
    const error = grantError(() => second.grant(0, count, 1, false, new Uint32Array(count)));
    expect(error).toMatchObject({ operation: "allocate", errno: Errno.ENOSPC });
    return error;
  }

  test("is the grant table's doing where the kernel has no limit", () => {
    const error = refused(3, "-1\n", 5);
    expect(error.code).toBe("table-full");
    expect(error.message).toContain("max_grant_frames");
  });

  test("is the kernel's limit where the pages asked for are more by themselves", () => {
    const error = refused(1025, "1024\n", 1);
    expect(error.code).toBe("kernel-limit-reached");
    expect(error.message).toContain("1024 pages together");
    expect(error.message).toContain(GNTALLOC_LIMIT);
  });

  test("is the kernel's limit where that is 0", () => {
    expect(refused(1, "0\n", 1).code).toBe("kernel-limit-reached");
  });

  test("is the kernel's limit where they are more together with what all files of the backend hold", () => {
    const error = refused(3, "10\n", 8);
    expect(error.code).toBe("kernel-limit-reached");
    expect(error.message).toBe(
      "Cannot allocate 3 pages as all files of this system may hold 10 pages together, and this backend holds 8: " +
        `free some, or raise ${GNTALLOC_LIMIT} as root (ENOSPC)`,
    );
  });

  test("may be either where this process is below the limit", () => {
    const error = refused(2, "10\n", 8);
    expect(error.code).toBe("no-space");
    for (const text of ["this backend holds 8", GNTALLOC_LIMIT, "which is 10", "max_grant_frames"]) {
      expect(error.message).toContain(text);
    }
  });

  test("may be either where the limit cannot be read", () => {
    const error = refused(2, undefined, 8);
    expect(error.code).toBe("no-space");
    expect(error.message).toContain("which cannot be read here");
  });

  test("does not count pages to which access has ended, nor those of closed files", () => {
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
    expect(error.message).toContain("this backend holds 3:");
  });
});

describe("endAccess()", () => {
  const grefs = new Uint32Array(100);

  test("takes one call for a run, even across grants", () => {
    const file = openGrantFile();
    file.grant(0, 4, 1, false, grefs);
    file.grant(4, 4, 2, true, grefs);
    libc.log = [];
    expect(file.endAccess(1, 6, grefs)).toEqual([]);
    expect(libc.log).toEqual(["ioctl 3 dealloc page 1 count 6"]);
  });

  test("names the kernel's pages after a grant was undone", () => {
    const file = openGrantFile();
    file.grant(0, 4, 1, false, grefs);
    file.endAccess(0, 4, grefs);
    file.grant(0, 3, 1, false, grefs);
    libc.log = [];
    file.endAccess(1, 2, grefs);
    expect(libc.log).toEqual(["ioctl 3 dealloc page 5 count 2"]);
  });

  test("names the same pages after a grant that the kernel refused", () => {
    const file = openGrantFile();
    file.grant(0, 4, 1, false, grefs);
    libc.fail("ioctl", Errno.ENOSPC);
    grantError(() => file.grant(4, 2, 1, false, grefs));
    file.grant(4, 2, 1, false, grefs);
    libc.log = [];
    file.endAccess(0, 6, grefs);
    expect(libc.log).toEqual(["ioctl 3 dealloc page 0 count 6"]);
  });

  test("takes one call for each stretch where the kernel left pages out", () => {
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
  ])("returns the pages of stretch %i where only that fails", (stretch, held) => {
    const file = fileInThreeStretches();
    libc.fail("ioctl", Errno.EINVAL, stretch);
    expect(file.endAccess(1, 9, grefs)).toEqual(held);
    expect(libc.log).toHaveLength(3);
  });

  test("throws the first error where every stretch fails", () => {
    const file = fileInThreeStretches();
    libc.fail("ioctl", Errno.EINVAL);
    libc.fail("ioctl", Errno.ENOTTY);
    libc.fail("ioctl", Errno.ENOMEM);
    expect(grantError(() => file.endAccess(1, 9, grefs))).toMatchObject({
      code: "not-found",
      operation: "free",
      errno: Errno.EINVAL,
      message:
        "Cannot end access to 9 pages from page 1 on as /dev/xen/gntalloc does not hold them, or no longer (EINVAL)",
    });
  });

  test("throws after any other errno", () => {
    const file = openGrantFile();
    file.grant(0, 1, 1, false, grefs);
    libc.fail("ioctl", Errno.EFAULT);
    expect(grantError(() => file.endAccess(0, 1, grefs))).toMatchObject({
      code: "backend-failed",
      operation: "free",
      errno: Errno.EFAULT,
    });
  });

  /** Ours 0-3, 4-7 and 8-11 are the kernel's 0-3, 6-9 and 11-14: two grants, of 2 and of 1, were undone in between. */
  function fileInThreeStretches() {
    const file = openGrantFile();
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

  test.each([[false, "r"], [true, "rw"]])("maps the kernel's pages, writable %s", (writable, mode) => {
    const file = openGrantFile();
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
      ["ENODEV", "unsupported", "must be a device"],
      ["EAGAIN", "backend-failed", "(EAGAIN)"],
    ] as const,
  )("throws after %s", (name, code, text) => {
    const file = openGrantFile();
    file.grant(0, 2, 1, false, grefs);
    libc.fail("mmap", Errno[name]);
    const error = grantError(() => file.map(1, 1, grefs[1]!, true));
    expect(error).toMatchObject({ code, operation: "map", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot map page 1 as /);
    expect(error.message).toContain(text);
    expect(libc.liveMappings).toBe(0);
  });

  test("unmap() throws when the system refuses", () => {
    const file = openGrantFile();
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
  ])("of %j sets %s", (notify, request) => {
    const file = openGrantFile();
    file.grant(0, 2, 1, false, grefs);
    file.endAccess(0, 2, grefs);
    file.grant(0, 2, 1, false, grefs);
    libc.log = [];
    file.setUnmapNotify(1, grefs[1]!, notify);
    expect(libc.log).toEqual([`ioctl 3 notify ${request}`]);
  });

  test.each(
    [
      ["EINVAL", { eventPort: 77 }, "notify-refused", "current value of the port is 77"],
      ["EINVAL", { clearByte: 1 }, "backend-failed", "(EINVAL)"],
      ["ENOENT", { eventPort: 77 }, "not-found", "does not hold them"],
      ["ENOTTY", { clearByte: 1 }, "unsupported", "does not know the request"],
    ] as const,
  )("throws after %s of %j", (name, notify, code, text) => {
    const file = openGrantFile();
    file.grant(0, 2, 1, false, grefs);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => file.setUnmapNotify(1, grefs[1]!, notify));
    expect(error).toMatchObject({ code, operation: "notify", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot set the unmap notify of page 1 as /);
    expect(error.message).toContain(text);
  });
});

describe("map() of grants", () => {
  test.each([[false, "r"], [true, "rw"]])("maps them in order, writable %s", (writable, mode) => {
    const file = openMapFile();
    file.map(2, [5], false);
    libc.log = [];
    const memory = file.map(3, [9, 8, 12], writable);
    expect(memory.bytes).toHaveLength(3 * PAGE_SIZE);
    expect(libc.log).toEqual(["ioctl 3 map 3:9 3:8 3:12", `mmap 3 page 1 length ${3 * PAGE_SIZE} ${mode}`]);
  });

  test("comes with room for every reference", () => {
    const file = openMapFile();
    for (const count of [1, 2, 510, 511, 3000]) {
      libc.sizes = [];
      file.map(1, Array.from({ length: count }, (_, i) => i + 8), false);
      expect(libc.sizes[0]).toBeGreaterThanOrEqual(Math.max(24, 16 + 8 * count));
    }
  });

  test("unmap() unmaps the memory, then has the device forget the grants", () => {
    const file = openMapFile();
    file.map(2, [5, 6], false);
    const memory = file.map(3, [9, 8], true);
    libc.log = [];
    memory.unmap();
    expect(libc.log).toEqual(["munmap", "ioctl 3 unmap page 2 count 2"]);
  });

  test.each(
    [
      ["EINVAL", "map-refused", "granted writable"],
      ["ENOMEM", "no-memory", "no memory"],
      ["ENOTTY", "unsupported", "driver xen_gntdev"],
      ["EFAULT", "backend-failed", "(EFAULT)"],
    ] as const,
  )("throws after %s of the request", (name, code, text) => {
    const file = openMapFile();
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => file.map(3, [9, 8], true));
    expect(error).toMatchObject({ code, operation: "map", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot map 2 grants of domain 3 as /);
    expect(error.message).toContain(text);
    expect(libc.log).toHaveLength(1);
  });

  test.each(
    [
      ["EINVAL", "map-refused"],
      ["ENOMEM", "no-memory"],
      ["EAGAIN", "backend-failed"],
    ] as const,
  )("has the device forget the grants when mapping fails with %s", (name, code) => {
    const file = openMapFile();
    libc.fail("mmap", Errno[name]);
    expect(grantError(() => file.map(3, [9], false))).toMatchObject({ code, operation: "map", errno: Errno[name] });
    expect(libc.log).toEqual(["ioctl 3 map 3:9", "mmap 3 page 0 length 4096 r", "ioctl 3 unmap page 0 count 1"]);
    expect(libc.liveMappings).toBe(0);
  });

  test("throws the error of the mapping when forgetting the grants fails too", () => {
    const file = openMapFile();
    libc.fail("mmap", Errno.EINVAL);
    libc.fail("ioctl", Errno.ENOENT, 1);
    expect(grantError(() => file.map(3, [9], false))).toMatchObject({ code: "map-refused", errno: Errno.EINVAL });
  });

  test("unmap() forgets the grants even when unmapping the memory fails, and throws that error", () => {
    const file = openMapFile();
    const memory = file.map(3, [9], true);
    libc.log = [];
    libc.fail("munmap", Errno.EINVAL);
    libc.fail("ioctl", Errno.ENOENT);
    expect(grantError(() => memory.unmap())).toMatchObject({ operation: "unmap", errno: Errno.EINVAL });
    expect(libc.log).toEqual(["munmap", "ioctl 3 unmap page 0 count 1"]);
  });

  test("unmap() throws when the device does not forget the grants", () => {
    const file = openMapFile();
    const memory = file.map(3, [9], true);
    libc.fail("ioctl", Errno.ENOENT);
    expect(grantError(() => memory.unmap())).toMatchObject({
      code: "backend-failed",
      operation: "unmap",
      errno: Errno.ENOENT,
      message: "Cannot unmap 1 grant of domain 3 as /dev/xen/gntdev answered with an error (ENOENT)",
    });
  });
});

describe("KernelPages", () => {
  test("agrees with a list of every page, over random grants that are undone or kept", () => {
    let seed = 20111;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor(seed / 0x80000000 * below);
    };
    for (let round = 0; round < 50; round++) {
      const pages = new KernelPages();
      const model: number[] = [];
      let kernelPage = random(3);
      for (let step = 0; step < 40; step++) {
        const page = model.length;
        const count = 1 + random(5);
        pages.granted(page, kernelPage);
        for (let i = 0; i < count; i++) model.push(kernelPage++);
        checkAll(pages, model);
        if (random(3) === 0) model.length = page;
      }
    }
  });

  function checkAll(pages: KernelPages, model: readonly number[]): void {
    for (const [page, kernelPage] of model.entries()) {
      let stretch = 1;
      while (page + stretch < model.length && model[page + stretch] === kernelPage + stretch) stretch++;
      expect(pages.kernelPage(page)).toBe(kernelPage);
      expect(pages.stretch(page, model.length - page)).toBe(stretch);
      expect(pages.stretch(page, 1)).toBe(1);
    }
  }
});

describe("errnoName()", () => {
  test("names what it knows and numbers the rest", () => {
    expect(errnoName(28)).toBe("ENOSPC");
    expect(errnoName(999)).toBe("errno 999");
  });
});
