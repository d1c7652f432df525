import { beforeEach, describe, expect, test } from "vitest";
import * as abi from "../../backends/linux/abi/grants.ts";
import * as copying from "../../backends/linux/abi/copy.ts";
import * as evtchn from "../../backends/linux/abi/events.ts";
import { PAGE_SIZE } from "../../src/contract/backend.ts";
import { Errno, errnoName } from "../../src/contract/errno.ts";
import { KernelPages } from "../../backends/linux/kernel_pages.ts";
import type { Libc, LibcMapping } from "../../backends/linux/libc.ts";
import { linuxEventBackend } from "../../backends/linux/events.ts";
import { linuxGrantBackend } from "../../backends/linux/grants.ts";
import { linuxMapBackend } from "../../backends/linux/maps.ts";
import { GNTALLOC_LIMIT, HYPERVISOR_TYPE } from "../../backends/linux/errors.ts";
import { GrantError } from "../../src/contract/errors.ts";

type Call = "open" | "close" | "read" | "write" | "ioctl" | "mmap" | "munmap";

/** A C library that answers as the devices do, remembers what was asked of it, and fails when told to. */
class FakeLibc implements Libc {
  /** What was asked, in order. */
  log: string[] = [];
  /** The sizes of the memory that ioctls came with. */
  sizes: number[] = [];
  texts: Record<string, string> = { [GNTALLOC_LIMIT]: "1024\n", [HYPERVISOR_TYPE]: "xen\n" };
  openFiles = 0;
  liveMappings = 0;
  /** The statuses that segments of a copy get. */
  statuses: number[] = [];
  /** What is read from event channels, one after another. */
  ports: number[][] = [];
  /** Who waits, by descriptor. */
  waiting = new Map<number, () => void>();
  /** Where memory is, as far as anybody is told. */
  readonly #addresses = new Map<ArrayBuffer, bigint>();
  #nextFd = 3;
  #nextIndex = 0;
  #failures: { call: Call; skip: number; errno: number }[] = [];

  /** Has a call fail, after `skip` more of its kind have not. */
  fail(call: Call, errno: number, skip = 0): void {
    this.#failures.push({ call, skip, errno });
  }

  open(path: string, nonblocking?: boolean): number {
    this.log.push(`open ${path}${nonblocking ? " nonblocking" : ""}`);
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
    this.log.push(`ioctl ${fd} ${describeRequest(request, view, this)}`);
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
    } else if (request === copying.IOCTL_GNTDEV_GRANT_COPY) {
      const segments = this.segments(view);
      for (const [i, status] of this.statuses.entries()) segments.setInt16(24 * i + 20, status, true);
    } else if (
      request === evtchn.IOCTL_EVTCHN_BIND_VIRQ || request === evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN ||
      request === evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT
    ) {
      return 20 + this.#nextIndex++;
    }
    return 0;
  }

  read(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    this.log.push(`read ${fd}`);
    const failure = this.#failure("read");
    if (failure < 0) return failure;
    const ports = this.ports.shift();
    if (ports === undefined) return -Errno.EAGAIN;
    bytes.set(new Uint8Array(Uint32Array.from(ports).buffer));
    return 4 * ports.length;
  }

  write(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    this.log.push(`write ${fd} ${new Uint32Array(bytes.slice().buffer)}`);
    const failure = this.#failure("write");
    return failure < 0 ? failure : bytes.length;
  }

  /** Addresses are far apart, and keep what lies between them. */
  address(buffer: ArrayBuffer): bigint {
    let address = this.#addresses.get(buffer);
    if (address === undefined) this.#addresses.set(buffer, address = 0x1000000n * BigInt(this.#addresses.size + 1));
    return address;
  }

  /** The memory from an address on. */
  at(address: bigint): DataView<ArrayBuffer> {
    for (const [buffer, start] of this.#addresses) {
      const offset = Number(address - start);
      if (offset >= 0 && offset < buffer.byteLength) return new DataView(buffer, offset);
    }
    throw new Error(`nothing is at ${address}`);
  }

  /** The segments of a copy. */
  segments(view: DataView): DataView<ArrayBuffer> {
    return this.at(view.getBigUint64(8, true));
  }

  whenReadable(fd: number, callback: () => void): (() => void) | number {
    this.log.push(`wait ${fd}`);
    this.waiting.set(fd, callback);
    return () => this.waiting.delete(fd);
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

function describeRequest(request: number, view: DataView, libc: FakeLibc): string {
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
  switch (request) {
    case copying.IOCTL_GNTDEV_GRANT_COPY:
      return `copy ${Array.from({ length: u32(0) }, (_, i) => describeSegment(libc, libc.segments(view), 24 * i))}`;
    case evtchn.IOCTL_EVTCHN_BIND_VIRQ:
      return `bind VIRQ ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN:
      return `bind ${u32(0)}:${u32(4)}`;
    case evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT:
      return `bind for ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_UNBIND:
      return `unbind ${u32(0)}`;
    case evtchn.IOCTL_EVTCHN_NOTIFY:
      return `notify ${u32(0)}`;
  }
  throw new Error(`unknown request ${request}`);
}

/** "1:9+100>[7 8 9]x3": from domain 1's reference 9 from byte 100 on to memory that has 7, 8, 9 now; 3 bytes. */
function describeSegment(libc: FakeLibc, view: DataView, offset: number): string {
  const length = view.getUint16(offset + 16, true);
  const side = (at: number, isGref: boolean) => {
    if (isGref) return `${view.getUint16(at + 6, true)}:${view.getUint32(at, true)}+${view.getUint16(at + 4, true)}`;
    const memory = libc.at(view.getBigUint64(at, true));
    return `[${Array.from({ length: Math.min(length, 3) }, (_, i) => memory.getUint8(i)).join(" ")}]`;
  };
  const flags = view.getUint16(offset + 18, true);
  return `${side(offset, (flags & 1) !== 0)}>${side(offset + 8, (flags & 2) !== 0)}x${length}`;
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
  { make: linuxEventBackend, path: "/dev/xen/evtchn", driver: "xen_evtchn", how: " nonblocking" },
])("open() of $path", ({ make, path, driver, how = "" }) => {
  test("opens the device, under its name", () => {
    const backend = make(libc);
    expect(backend.name).toBe(path);
    expect(libc.log).toEqual([]);
    backend.open();
    expect(libc.log).toEqual([`open ${path}${how}`]);
  });

  test("opens another device when given its path", () => {
    const backend = make(libc, "/dev/other");
    expect(backend.name).toBe("/dev/other");
    backend.open();
    expect(libc.log).toEqual([`open /dev/other${how}`]);
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
        "Cannot end access to 9 pages from page 1 as /dev/xen/gntalloc does not hold them, or no longer (EINVAL)",
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

  test("maps those of several domains with one request and one mapping", () => {
    const file = openMapFile();
    const memory = file.map([3, 0, 3], [9, 8, 12], true);
    expect(memory.bytes).toHaveLength(3 * PAGE_SIZE);
    expect(libc.log).toEqual(["ioctl 3 map 3:9 0:8 3:12", `mmap 3 page 0 length ${3 * PAGE_SIZE} rw`]);
    libc.log = [];
    memory.unmap();
    expect(libc.log).toEqual(["munmap", "ioctl 3 unmap page 0 count 3"]);
  });

  test.each([
    [[3, 0], "Cannot map 2 grants of 2 domains as "],
    [[3, 3], "Cannot map 2 grants of domain 3 as "],
  ])("names the domains %j in its error", (domids, text) => {
    const file = openMapFile();
    libc.fail("mmap", Errno.EINVAL);
    expect(grantError(() => file.map(domids, [9, 8], false)).message).toContain(text);
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

describe("setUnmapNotify() of a mapping", () => {
  test.each([
    [{}, "index 8192 action 0 port 0"],
    [{ clearByte: 0 }, "index 8192 action 1 port 0"],
    [{ clearByte: 4097 }, "index 12289 action 1 port 0"],
    [{ eventPort: 9 }, "index 8192 action 2 port 9"],
    [{ clearByte: 8191, eventPort: 0 }, "index 16383 action 3 port 0"],
  ])("of %j sets %s", (notify, request) => {
    const file = openMapFile();
    file.map(2, [5, 6], true);
    const memory = file.map(2, [7, 8], true);
    libc.log = [];
    memory.setUnmapNotify(notify);
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
    const memory = openMapFile().map(2, [7], true);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => memory.setUnmapNotify(notify));
    expect(error).toMatchObject({ code, operation: "notify", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot set the unmap notify of a mapping as /);
    expect(error.message).toContain(text);
  });
});

describe("copy()", () => {
  const page = { domid: 1, gref: 9, offset: 100 };
  const other = { domid: 2, gref: 8, offset: 0 };

  test("asks once for all segments, with the addresses of memory where they lie", () => {
    const file = openMapFile();
    const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const statuses = file.copy([
      { from: page, to: other, length: 17 },
      { from: memory.subarray(2, 5), to: other, length: 3 },
      { from: page, to: memory.subarray(5), length: 2 },
    ]);
    expect(statuses).toEqual([0, 0, 0]);
    expect(libc.log).toEqual(["ioctl 3 copy 1:9+100>2:8+0x17,[3 4 5]>2:8+0x3,1:9+100>[6 7]x2"]);
  });

  test("returns the status of each segment", () => {
    libc.statuses = [0, -3, -8];
    const length = 1;
    expect(openMapFile().copy([1, 2, 3].map(() => ({ from: page, to: other, length })))).toEqual([0, -3, -8]);
  });

  test("comes with room for every segment, and no status of the request before", () => {
    const file = openMapFile();
    for (const count of [1, 170, 171, 5000]) {
      libc.sizes = [];
      libc.statuses = new Array(count).fill(-1);
      const segments = Array.from({ length: count }, () => ({ from: page, to: other, length: 1 }));
      expect(file.copy(segments)).toEqual(libc.statuses);
      libc.statuses = [];
      expect(file.copy(segments)).toEqual(new Array(count).fill(0));
      expect(libc.sizes[0]).toBeGreaterThanOrEqual(16 + 24 * count);
    }
  });

  test("throws when memory is shorter than the piece, and asks for nothing", () => {
    const file = openMapFile();
    expect(() => file.copy([{ from: page, to: new Uint8Array(2), length: 3 }])).toThrow(RangeError);
    const lying = Object.defineProperty(new Uint8Array(2), "length", { value: 3 });
    expect(() => file.copy([{ from: page, to: lying, length: 3 }])).toThrow(RangeError);
    expect(libc.log).toEqual([]);
  });

  test("takes the addresses of memory by none of its own properties", () => {
    const memory = Uint8Array.of(1, 2, 3, 4).subarray(2);
    Object.defineProperty(memory, "buffer", { value: new ArrayBuffer(4) });
    Object.defineProperty(memory, "byteOffset", { value: 1000 });
    openMapFile().copy([{ from: memory, to: page, length: 2 }]);
    expect(libc.log).toEqual(["ioctl 3 copy [3 4]>1:9+100x2"]);
  });

  test.each(
    [
      ["EINVAL", "copy-refused", "must have a granted page"],
      ["EFAULT", "copy-refused", "(EFAULT)"],
      ["ENOMEM", "no-memory", "no memory"],
      ["ENOTTY", "unsupported", "driver xen_gntdev"],
    ] as const,
  )("throws after %s", (name, code, text) => {
    const file = openMapFile();
    libc.fail("ioctl", Errno[name]);
    const segment = { from: page, to: other, length: 1 };
    const error = grantError(() => file.copy([segment, segment]));
    expect(error).toMatchObject({ code, operation: "copy", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot copy 2 segments as /);
    expect(error.message).toContain(text);
  });
});

describe("event channels", () => {
  function openEventFile() {
    const file = linuxEventBackend(libc).open();
    libc.log = [];
    return file;
  }

  test("are bound, notified, unmasked and unbound with a call each", () => {
    const file = openEventFile();
    expect([file.bindUnbound(3), file.bindInterdomain(2, 7), file.bindVirq(1)]).toEqual([20, 21, 22]);
    file.notify(21);
    file.unmask(20);
    file.unbind(22);
    expect(libc.log).toEqual([
      "ioctl 3 bind for 3",
      "ioctl 3 bind 2:7",
      "ioctl 3 bind VIRQ 1",
      "ioctl 3 notify 21",
      "write 3 20",
      "ioctl 3 unbind 22",
      "read 3",
    ]);
  });

  test("pending() reads once, and names only what is bound", () => {
    const file = openEventFile();
    const port = file.bindUnbound(3);
    libc.log = [];
    libc.ports = [[7, port], [port]];
    expect(file.pending()).toEqual([port]);
    expect(libc.log).toEqual(["read 3"]);
    expect(file.pending()).toEqual([port]);
    expect(file.pending()).toEqual([]);
  });

  test("unbind() keeps what came on other ports for the next pending()", async () => {
    const file = openEventFile();
    const [first, second] = [file.bindUnbound(1), file.bindUnbound(1)];
    libc.ports = [[first, second], [first]];
    let called = false;
    file.whenPending(() => called = true);
    file.unbind(first);
    expect(libc.waiting.size).toBe(0);
    expect(called).toBe(false);
    await Promise.resolve();
    expect(called).toBe(true);
    libc.log = [];
    expect(file.pending()).toEqual([second]);
    expect(libc.log).toEqual([]);
  });

  test("whenPending() stops waiting when it is told so, and when the file is closed", () => {
    const file = openEventFile();
    file.whenPending(() => expect.fail("stopped"))();
    expect(libc.waiting.size).toBe(0);
    file.whenPending(() => expect.fail("closed"));
    file.close();
    expect(libc.waiting.size).toBe(0);
  });

  test.each(
    [
      ["bind", "EINVAL", "port-refused", "Cannot bind port 7 of domain 2 as Xen does not know it"],
      ["bind", "ESRCH", "port-refused", "Cannot bind port 7 of domain 2 as Xen does not know it"],
      ["bind", "ENOSPC", "port-refused", "max_event_channels"],
      ["bind", "EEXIST", "port-refused", "bound already"],
      ["bind", "ENOMEM", "no-memory", "no memory"],
      ["bind", "EACCES", "permission", "/dev/xen/evtchn"],
      ["bind", "ENOTTY", "unsupported", "driver xen_evtchn"],
      ["notify", "ENOTCONN", "port-refused", "Cannot notify port 20 as it must be bound"],
      ["notify", "EIO", "backend-failed", "(EIO)"],
      ["unbind", "ENOTCONN", "port-refused", "Cannot unbind port 20 as it must be bound"],
    ] as const,
  )("%s throws after %s", (operation, name, code, text) => {
    const file = openEventFile();
    const port = file.bindUnbound(1);
    libc.fail("ioctl", Errno[name]);
    const error = grantError(() => operation === "bind" ? file.bindInterdomain(2, 7) : file[operation](port));
    expect(error).toMatchObject({ code, operation, errno: Errno[name] });
    expect(error.message).toContain(text);
  });

  test.each(
    [
      ["read", "EFBIG", "events-lost", "Cannot take events as the kernel had no room left"],
      ["read", "EIO", "backend-failed", "Cannot take events as"],
      ["write", "EIO", "backend-failed", "Cannot unmask port 20 as"],
    ] as const,
  )("throw when %s fails with %s", (call, name, code, text) => {
    const file = openEventFile();
    const port = file.bindUnbound(1);
    libc.fail(call, Errno[name]);
    const error = grantError(() => call === "read" ? file.pending() : file.unmask(port));
    expect(error).toMatchObject({ code, operation: "wait", errno: Errno[name] });
    expect(error.message).toContain(text);
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
