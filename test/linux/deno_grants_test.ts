import { describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { GNTALLOC_LIMIT } from "../../backends/linux/errors.ts";
import type { GrantBackend } from "../../src/contract/backend.ts";
import { Errno } from "../../src/contract/errno.ts";
import { grantsConformance } from "../conformance/mod.ts";
import { grantError } from "../support/grant_error.ts";
import { BOUND_PORT, mappedPages, openFiles, TABLE_SIZE } from "../support/shim/shim.ts";
import { setLimit, useShim } from "../support/shim/use_shim.ts";

const used = useShim();
const granting = () => denoDomain({ libc: used.libc }).grants;
const mapping = () => denoDomain({ libc: used.libc }).maps;

describe("conformance", () => {
  grantsConformance({
    test,
    open: () => ({
      granter: { grants: granting() },
      granterDomid: 0,
      peer: { maps: mapping() },
      peerDomid: 0,
      setLimit: (pages) => setLimit(used.shim, pages),
      heldPagesCount: false,
      close() {},
    }),
  });
});

/** Opens a file and grants pages through it. */
function granted(count: number, writable = true) {
  const file = granting().open();
  const grefs = new Uint32Array(count);
  file.grant(0, count, 0, writable, grefs);
  return { file, grefs };
}

describe("sharing", () => {
  test("both sides see each other's writes", () => {
    const { file, grefs } = granted(3);
    expect(openFiles()).toBe(1);
    expect(new Set(grefs).size).toBe(3);
    const ours = file.map(0, 3, grefs[0]!, true);
    const peer = mapping().open();
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
    expect(used.shim.knownGrants()).toBe(0);
    peer.close();
    ours.unmap();
    expect(mappedPages()).toBe(0);
    expect(file.endAccess(0, 3, grefs)).toEqual([]);
    file.close();
  });

  test("map() starts at the page that is named, and shows what is there now", () => {
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

  test("grant() grants more pages at once than the reused buffer has room for", () => {
    used.shim.bounds(-1, TABLE_SIZE);
    const { file, grefs } = granted(3000);
    expect(new Set(grefs).size).toBe(3000);
    expect(grefs.includes(0)).toBe(false);
    const memory = file.map(2999, 1, grefs[2999]!, true);
    expect(memory.bytes).toEqual(new Uint8Array(4096));
    memory.unmap();
    file.endAccess(0, 3000, grefs);
    file.close();
  });

  test("setUnmapNotify() clears the byte and sends the event when access ends", () => {
    const { file, grefs } = granted(2);
    const ours = file.map(0, 2, grefs[0]!, true);
    const peer = mapping().open();
    const theirs = peer.map(0, [...grefs], false);
    ours.bytes.fill(0xff);
    file.setUnmapNotify(1, grefs[1]!, { clearByte: 33, eventPort: BOUND_PORT });
    ours.unmap();
    expect(theirs.bytes.includes(0)).toBe(false);
    file.endAccess(0, 2, grefs);
    expect(theirs.bytes.indexOf(0)).toBe(4096 + 33);
    expect(theirs.bytes.lastIndexOf(0)).toBe(4096 + 33);
    expect(used.shim.events()).toBe(1);
    theirs.unmap();
    peer.close();
    file.close();
  });

  test("limit() returns the kernel's parameter, and Infinity when it cannot be read", () => {
    expect(granting().limit()).toBe(1024);
    used.shim.reset();
    expect(granting().limit()).toBe(Infinity);
    used.shim.text(GNTALLOC_LIMIT, "-1\n");
    expect(granting().limit()).toBe(Infinity);
  });
});

describe.each(["gntalloc", "gntdev"])("open() of %s", (name) => {
  const path = `/dev/xen/${name}`;
  const open = () => (name === "gntalloc" ? granting() : mapping()).open();

  test("throws when this is not a Xen domain", () => {
    used.shim.reset();
    used.shim.fail("open", Errno.ENOENT);
    const error = grantError(open);
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain("MockXen");
  });

  test("throws when the driver is not loaded", () => {
    used.shim.fail("open", Errno.ENOENT);
    const error = grantError(open);
    expect(error).toMatchObject({ code: "no-device", operation: "open", errno: Errno.ENOENT });
    expect(error.message).toContain(`modprobe xen_${name}`);
  });

  test.each([["EACCES", "permission"], ["ENXIO", "no-device"], ["EMFILE", "backend-failed"]] as const)(
    "throws when the kernel answers %s",
    (errno, code) => {
      used.shim.fail("open", Errno[errno]);
      const error = grantError(open);
      expect(error).toMatchObject({ code, operation: "open", errno: Errno[errno] });
      expect(error.message).toContain(`Cannot open ${path}:`);
    },
  );

  test("is followed by a close() that closes the file even when it throws", () => {
    const file = open();
    used.shim.fail("close", Errno.EIO);
    expect(grantError(() => file.close())).toMatchObject({ code: "backend-failed", operation: "close" });
  });
});

describe("grant()", () => {
  test.each([
    ["table-full", "-1\n", -1, 20],
    ["kernel-limit-reached", "10\n", 10, TABLE_SIZE],
    ["no-space", "1024\n", 1024, 20],
  ])("throws %s when the limit is %j", (code, limit, pages, entries) => {
    used.shim.reset();
    used.shim.text(GNTALLOC_LIMIT, limit);
    used.shim.bounds(pages, entries);
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

  test.each(Object.entries(Errno))("reads the errno %s", (name, errno) => {
    const file = granting().open();
    used.shim.fail("ioctl", errno);
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
    const peer = mapping().open();
    expect(grantError(() => peer.map(0, [grefs[0]!], false))).toMatchObject({
      code: "map-refused",
      errno: Errno.EINVAL,
    });
    expect(used.shim.knownGrants()).toBe(0);
    peer.close();
    file.close();
  });
});

describe("the kernel refuses", () => {
  test("an unmap notify on a port that is not bound", () => {
    const { file, grefs } = granted(1);
    expect(grantError(() => file.setUnmapNotify(0, grefs[0]!, { eventPort: BOUND_PORT + 1 }))).toMatchObject({
      code: "notify-refused",
      operation: "notify",
      errno: Errno.EINVAL,
    });
    file.endAccess(0, 1, grefs);
    expect(used.shim.events()).toBe(0);
    file.close();
  });

  test("a writable mapping of a page that is granted read-only, but no read-only one", () => {
    const { file, grefs } = granted(1, false);
    const peer = mapping().open();
    expect(grantError(() => peer.map(0, [...grefs], true))).toMatchObject({ code: "map-refused", operation: "map" });
    expect(used.shim.knownGrants()).toBe(0);
    const memory = peer.map(0, [...grefs], false);
    memory.unmap();
    peer.close();
    file.endAccess(0, 1, grefs);
    file.close();
  });

  test("memory for a mapping", () => {
    const { file, grefs } = granted(1);
    used.shim.fail("mmap", Errno.ENOMEM);
    expect(grantError(() => file.map(0, 1, grefs[0]!, true))).toMatchObject({ code: "no-memory", operation: "map" });
    file.endAccess(0, 1, grefs);
    file.close();
  });
});
