import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GrantBackend, MapBackend } from "../../src/contract/backend.ts";
import { denoDomain } from "../../backends/deno.ts";
import { Errno } from "../../src/contract/errno.ts";
import { GNTALLOC_LIMIT, HYPERVISOR_TYPE } from "../../backends/linux/errors.ts";
import { GrantError } from "../../src/contract/errors.ts";
import { conformance } from "../conformance/mod.ts";
import { BOUND_PORT, buildShim, mappedPages, openFiles, Shim, TABLE_SIZE } from "../support/shim/shim.ts";

let directory: string;
let libc: string;
let shim: Shim;
let granting: GrantBackend;
let mapping: MapBackend;

beforeAll(async () => {
  directory = await Deno.makeTempDir();
  libc = await buildShim(directory);
  shim = new Shim(libc);
  granting = denoDomain({ libc }).grants;
  mapping = denoDomain({ libc }).maps;
}, 300_000); // gcc may have to be installed first

afterAll(async () => {
  await Deno.remove(directory, { recursive: true });
});

beforeEach(() => {
  shim.reset();
  shim.text(HYPERVISOR_TYPE, "xen\n");
  shim.text(GNTALLOC_LIMIT, "1024\n");
});

// Whatever a test did, and however it failed: nothing is left open or mapped.
afterEach(() => {
  expect(openFiles()).toBe(0);
  expect(mappedPages()).toBe(0);
  expect(shim.knownGrants()).toBe(0);
  expect(shim.grantedPages()).toBe(0);
});

describe("conformance", () => {
  conformance({
    test,
    open: () => ({
      granter: { grants: granting },
      granterDomid: 0,
      peer: { maps: mapping },
      peerDomid: 0,
      setLimit(pages) {
        const limit = pages === Infinity ? -1 : pages;
        shim.bounds(limit, TABLE_SIZE);
        shim.text(GNTALLOC_LIMIT, `${limit}\n`);
      },
      heldPagesCount: false,
      close() {},
    }),
  });
});

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

/** A file of the granter's with `count` pages. */
function granted(count: number, writable = true) {
  const file = granting.open();
  const grefs = new Uint32Array(count);
  file.grant(0, count, 0, writable, grefs);
  return { file, grefs };
}

/** Runs a program in a process of its own. */
async function program(name: string, flags: string[], args: string[]) {
  const script = new URL(`../support/shim/${name}`, import.meta.url).pathname;
  const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-prompt", ...flags, script, ...args],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  expect({ code, signal, stderr: decoder.decode(stderr) }).toEqual({ code: 0, signal: null, stderr: "" });
  return JSON.parse(decoder.decode(stdout));
}

describe("sharing", () => {
  test("both sides see each other's writes", () => {
    const { file, grefs } = granted(3);
    expect(openFiles()).toBe(1);
    expect(new Set(grefs).size).toBe(3);
    const ours = file.map(0, 3, grefs[0]!, true);
    const peer = mapping.open();
    const theirs = peer.map(0, [grefs[2]!, grefs[0]!], true);
    expect(ours.bytes).toEqual(new Uint8Array(3 * 4096));
    expect(theirs.bytes).toHaveLength(2 * 4096);
    expect(mappedPages()).toBe(5);

    ours.bytes[2 * 4096 + 5] = 42;
    theirs.bytes[4096 + 9] = 24;
    expect(theirs.bytes[5]).toBe(42);
    expect(ours.bytes[9]).toBe(24);

    theirs.unmap();
    expect(mappedPages()).toBe(3);
    expect(shim.knownGrants()).toBe(0);
    peer.close();
    ours.unmap();
    expect(mappedPages()).toBe(0);
    expect(file.endAccess(0, 3, grefs)).toEqual([]);
    file.close();
  });

  test("a mapping starts at the page that is named, and shows what is there now", () => {
    const { file, grefs } = granted(4);
    const whole = file.map(0, 4, grefs[0]!, true);
    whole.bytes[2 * 4096] = 9;
    const part = file.map(2, 2, grefs[2]!, false);
    expect(part.bytes[0]).toBe(9);
    expect(part.bytes).toHaveLength(2 * 4096);
    whole.unmap();
    expect(part.bytes[0]).toBe(9);
    part.unmap();
    file.endAccess(0, 4, grefs);
    file.close();
  });

  test("one call grants more pages than the buffer kept for requests has room for", () => {
    shim.bounds(-1, TABLE_SIZE);
    const { file, grefs } = granted(3000);
    expect(new Set(grefs).size).toBe(3000);
    expect(grefs.includes(0)).toBe(false);
    const memory = file.map(2999, 1, grefs[2999]!, true);
    expect(memory.bytes).toEqual(new Uint8Array(4096));
    memory.unmap();
    file.endAccess(0, 3000, grefs);
    file.close();
  });

  test("the unmap notify clears its byte and sends its event when access ends", () => {
    const { file, grefs } = granted(2);
    const ours = file.map(0, 2, grefs[0]!, true);
    const peer = mapping.open();
    const theirs = peer.map(0, [...grefs], false);
    ours.bytes.fill(0xff);
    file.setUnmapNotify(1, grefs[1]!, { clearByte: 33, eventPort: BOUND_PORT });
    ours.unmap();
    expect(theirs.bytes.includes(0)).toBe(false);
    file.endAccess(0, 2, grefs);
    expect(theirs.bytes.indexOf(0)).toBe(4096 + 33);
    expect(theirs.bytes.lastIndexOf(0)).toBe(4096 + 33);
    expect(shim.events()).toBe(1);
    theirs.unmap();
    peer.close();
    file.close();
  });

  test("limit() reads the kernel's parameter, and has none where it is not there", () => {
    expect(granting.limit()).toBe(1024);
    shim.reset();
    expect(granting.limit()).toBe(Infinity);
    shim.text(GNTALLOC_LIMIT, "-1\n");
    expect(granting.limit()).toBe(Infinity);
  });
});

describe("views", () => {
  test("all have length 0 once the mapping has ended", () => {
    const { file, grefs } = granted(2);
    const memory = file.map(0, 2, grefs[0]!, true);
    const { bytes } = memory;
    const views = [bytes, bytes.subarray(1, 5), new Uint32Array(bytes.buffer), new BigInt64Array(bytes.buffer, 4096)];
    const dataView = new DataView(bytes.buffer);
    memory.unmap();
    expect(views.map((view) => view.length)).toEqual([0, 0, 0, 0]);
    expect(bytes[0]).toBeUndefined();
    bytes[0] = 1;
    expect(() => dataView.getUint8(0)).toThrow(TypeError);
    file.endAccess(0, 2, grefs);
    file.close();
  });

  test.each([
    ["kept", 0],
    ["transfer", 3 * 4096],
    ["transfer to a larger buffer", 16384],
    ["structuredClone", 3 * 4096],
    ["postMessage", 3 * 4096],
  ])("of memory that is %s never reach unmapped memory", async (how, left) => {
    const found = await program("moved.ts", ["-A"], [libc, how]);
    expect(found).toEqual({
      refused: false,
      mappedBefore: 3,
      mappedAfter: 0,
      left,
      original: 0,
      middle: 0,
      disturbed: false,
    });
  });
});

describe.each(["gntalloc", "gntdev"])("open() of %s", (name) => {
  const path = `/dev/xen/${name}`;
  const open = () => (name === "gntalloc" ? granting : mapping).open();

  test("throws where this is no Xen domain", () => {
    shim.reset();
    shim.fail("open", Errno.ENOENT);
    const error = grantError(open);
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain("MockXen");
  });

  test("throws where the driver is not loaded", () => {
    shim.fail("open", Errno.ENOENT);
    const error = grantError(open);
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain(`modprobe xen_${name}`);
  });

  test.each([["EACCES", "permission"], ["ENXIO", "no-device"], ["EMFILE", "backend-failed"]] as const)(
    "throws after %s",
    (errno, code) => {
      shim.fail("open", Errno[errno]);
      const error = grantError(open);
      expect(error).toMatchObject({ code, operation: "open", errno: Errno[errno] });
      expect(error.message).toContain(`Cannot open ${path} as`);
    },
  );

  test("close() throws when the system says so, and the file is closed all the same", () => {
    const file = open();
    shim.fail("close", Errno.EIO);
    expect(grantError(() => file.close())).toMatchObject({ code: "backend-failed", operation: "close" });
  });
});

describe("grant()", () => {
  test.each([
    ["table-full", "-1\n", -1, 20],
    ["kernel-limit-reached", "10\n", 10, TABLE_SIZE],
    ["no-space", "1024\n", 1024, 20],
  ])("throws %s where the limit is %j", (code, limit, pages, entries) => {
    shim.reset();
    shim.text(GNTALLOC_LIMIT, limit);
    shim.bounds(pages, entries);
    const { file, grefs } = granted(5);
    const more = new Uint32Array(8);
    expect(grantError(() => file.grant(5, 8, 0, true, more))).toMatchObject({
      code,
      operation: "allocate",
      errno: Errno.ENOSPC,
    });
    expect(more).toEqual(new Uint32Array(8));
    file.grant(5, 1, 0, true, more);
    const memory = file.map(5, 1, more[0]!, true);
    memory.unmap();
    file.endAccess(0, 6, Uint32Array.of(...grefs, more[0]!));
    file.close();
  });

  test.each(Object.entries(Errno))("reads the error number of %s", (name, errno) => {
    const file = granting.open();
    shim.fail("ioctl", errno);
    const error = grantError(() => file.grant(0, 1, 0, true, new Uint32Array(1)));
    expect(error.errno).toBe(errno);
    expect(error.message).toContain(`(${name})`);
    file.close();
  });
});

describe("a page to which access has ended", () => {
  test.each([
    ["free", Errno.EINVAL, (file: ReturnType<GrantBackend["open"]>, grefs: Uint32Array) => file.endAccess(0, 2, grefs)],
    [
      "map",
      Errno.ENOENT,
      (file: ReturnType<GrantBackend["open"]>, grefs: Uint32Array) => file.map(1, 1, grefs[1]!, true),
    ],
    ["notify", Errno.ENOENT, (file: ReturnType<GrantBackend["open"]>) => file.setUnmapNotify(1, 9, { clearByte: 1 })],
  ])("is not found by %s", (operation, errno, act) => {
    const { file, grefs } = granted(2);
    file.endAccess(0, 2, grefs);
    expect(grantError(() => act(file, grefs))).toMatchObject({ code: "not-found", operation, errno });
    file.close();
  });

  test("is not mapped by the peer", () => {
    const { file, grefs } = granted(1);
    file.endAccess(0, 1, grefs);
    const peer = mapping.open();
    expect(grantError(() => peer.map(0, [grefs[0]!], false))).toMatchObject({
      code: "map-refused",
      errno: Errno.EINVAL,
    });
    expect(shim.knownGrants()).toBe(0);
    peer.close();
    file.close();
  });
});

describe("refused", () => {
  test("an unmap notify on a port that is not bound", () => {
    const { file, grefs } = granted(1);
    expect(grantError(() => file.setUnmapNotify(0, grefs[0]!, { eventPort: BOUND_PORT + 1 }))).toMatchObject({
      code: "notify-refused",
      operation: "notify",
      errno: Errno.EINVAL,
    });
    file.endAccess(0, 1, grefs);
    expect(shim.events()).toBe(0);
    file.close();
  });

  test("a writable mapping of a page that is not granted writable; a read-only one is not", () => {
    const { file, grefs } = granted(1, false);
    const peer = mapping.open();
    expect(grantError(() => peer.map(0, [...grefs], true))).toMatchObject({ code: "map-refused", operation: "map" });
    expect(shim.knownGrants()).toBe(0);
    const memory = peer.map(0, [...grefs], false);
    memory.unmap();
    peer.close();
    file.endAccess(0, 1, grefs);
    file.close();
  });

  test("memory for a mapping", () => {
    const { file, grefs } = granted(1);
    shim.fail("mmap", Errno.ENOMEM);
    expect(grantError(() => file.map(0, 1, grefs[0]!, true))).toMatchObject({ code: "no-memory", operation: "map" });
    file.endAccess(0, 1, grefs);
    file.close();
  });
});

describe("unmap()", () => {
  test("does not trust what the owner of a view has redefined", () => {
    const { file, grefs } = granted(2);
    const first = file.map(0, 1, grefs[0]!, true);
    Object.defineProperty(first.bytes, "buffer", { value: new ArrayBuffer(8) });
    const second = file.map(1, 1, grefs[1]!, true);
    Object.defineProperty(second.bytes.buffer, "transfer", { value() {} });
    Object.defineProperty(second.bytes.buffer, "detached", { value: true });
    for (const memory of [first, second]) {
      memory.unmap();
      expect(memory.bytes).toHaveLength(0);
    }
    expect(mappedPages()).toBe(0);
    file.endAccess(0, 2, grefs);
    file.close();
  });

  test("does nothing the second time, whatever is mapped there by then", () => {
    const { file, grefs } = granted(2);
    const first = file.map(0, 1, grefs[0]!, true);
    first.unmap();
    const second = file.map(1, 1, grefs[1]!, true);
    second.bytes[0] = 42;
    first.unmap();
    const again = file.map(1, 1, grefs[1]!, true);
    expect([second.bytes[0], again.bytes[0]]).toEqual([42, 42]);
    second.unmap();
    again.unmap();
    file.endAccess(0, 2, grefs);
    file.close();
  });

  test("throws when the system refuses, and the views are dead all the same", () => {
    const { file, grefs } = granted(1);
    const memory = file.map(0, 1, grefs[0]!, true);
    shim.fail("munmap", Errno.EINVAL);
    expect(grantError(() => memory.unmap())).toMatchObject({ operation: "unmap", errno: Errno.EINVAL });
    expect(memory.bytes).toHaveLength(0);
    file.endAccess(0, 1, grefs);
    file.close();
  });

  test("throws when memory that was moved away cannot be replaced, and leaves it as it is", () => {
    const { file, grefs } = granted(1);
    const memory = file.map(0, 1, grefs[0]!, true);
    const moved = new Uint8Array(memory.bytes.buffer.transfer());
    shim.fail("mmap", Errno.ENOMEM);
    expect(grantError(() => memory.unmap())).toMatchObject({
      code: "no-memory",
      operation: "unmap",
      errno: Errno.ENOMEM,
    });
    moved.fill(1);
    expect(mappedPages()).toBe(1);
    memory.unmap(); // as the contract does not ask for: to leave nothing mapped behind this test
    expect(moved[0]).toBe(0);
    file.endAccess(0, 1, grefs);
    file.close();
  });
});

describe("first use throws, and import and construction do not,", () => {
  test("without --allow-ffi", async () => {
    const errors = await program("refused.ts", [], []);
    expect(errors).toHaveLength(3);
    for (const error of errors) {
      expect(error).toMatchObject({ code: "permission", operation: "open", cause: "NotCapable" });
      expect(error.message).toContain("--allow-ffi, without a path");
    }
  });

  test("with --allow-ffi for the path of the library alone", async () => {
    const errors = await program("refused.ts", [`--allow-ffi=${libc}`], ["", libc]);
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error).toMatchObject({ code: "permission", cause: "NotCapable" });
  });

  test.each(["darwin", "windows", "freebsd"])("on %s", async (os) => {
    const errors = await program("refused.ts", ["--allow-ffi"], [os]);
    expect(errors).toHaveLength(3);
    for (const error of errors) {
      expect(error).toMatchObject({ code: "unsupported", operation: "open" });
      expect(error.message).toContain(`current system is ${os}`);
    }
  });

  test("without the library", () => {
    const error = grantError(() => denoDomain({ libc: "/nowhere/libc.so" }).grants.open());
    expect(error).toMatchObject({ code: "unsupported", operation: "open" });
    expect(error.message).toContain("/nowhere/libc.so");
    expect(error.message).toContain("option `libc`");
    expect(error.cause).toBeInstanceOf(Error);
  });

  test("with a library that has not the calls", async () => {
    const source = `${directory}/empty.c`;
    await Deno.writeTextFile(source, "int nothing;\n");
    const args = ["-shared", "-nostdlib", "-o", `${directory}/empty.so`, source];
    expect((await new Deno.Command("gcc", { args }).output()).success).toBe(true);
    const error = grantError(() => denoDomain({ libc: `${directory}/empty.so` }).maps.open());
    expect(error).toMatchObject({ code: "unsupported", operation: "open" });
  });
});

describe("with the C library of the system", () => {
  test("needs no option, and no permission but --allow-ffi", async () => {
    const [limit, opened, mapped] = await program("refused.ts", ["--allow-ffi"], []);
    expect(limit).toBeNull();
    for (const error of [opened, mapped]) expect([null, "no-device", "permission"]).toContain(error && error.code);
  });

  test("open() of a path that is not there throws no-device", () => {
    const error = grantError(() => denoDomain({ gntalloc: `${directory}/gntalloc` }).grants.open());
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain(`Cannot open ${directory}/gntalloc as`);
  });

  test("grant() of another device throws unsupported", () => {
    const file = denoDomain({ gntalloc: "/dev/null" }).grants.open();
    const error = grantError(() => file.grant(0, 1, 0, true, new Uint32Array(1)));
    expect(error).toMatchObject({ code: "unsupported", operation: "allocate", errno: Errno.ENOTTY });
    file.close();
  });

  test("map() of another device throws unsupported", () => {
    const file = denoDomain({ gntdev: "/dev/null" }).maps.open();
    const error = grantError(() => file.map(0, [8], false));
    expect(error).toMatchObject({ code: "unsupported", operation: "map", errno: Errno.ENOTTY });
    file.close();
  });

  test("close() of a file closes it", () => {
    const device = `${directory}/device`;
    Deno.writeTextFileSync(device, "");
    const file = denoDomain({ gntalloc: device }).grants.open();
    expect(openFiles(device)).toBe(1);
    file.close();
    expect(openFiles(device)).toBe(0);
    expect(grantError(() => file.close())).toMatchObject({ operation: "close", errno: Errno.EBADF });
  });
});
