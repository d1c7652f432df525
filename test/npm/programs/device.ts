/**
 * Node's device backends over the shim: the conformance suite, and tests of Node alone. Argument: the path of the shim.
 */

import { type GrantBackend, GrantError } from "@gntalloc/gntalloc";
import { grantsConformance } from "@gntalloc/gntalloc/conformance";
import { denoDomain } from "@gntalloc/gntalloc/deno";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import { mappedPages, Shim } from "./shim.ts";
import { outcomeOf } from "./tests.ts";

const libc = process.argv[2]!;
const shim = new Shim(libc);
const granting = nodeDomain({ libc }).grants;
const mapping = nodeDomain({ libc }).maps;
const { errno } = constants;

/** Returns the GrantError that `action` throws. */
function grantError(action: () => unknown): GrantError {
  try {
    action();
  } catch (error) {
    if (error instanceof GrantError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Calls `use` with a file that has granted some pages, and frees them. */
function withPages(count: number, use: (file: ReturnType<GrantBackend["open"]>, grefs: Uint32Array) => void): void {
  const file = granting.open();
  const grefs = new Uint32Array(count);
  file.grant(0, count, 0, true, grefs);
  use(file, grefs);
  file.endAccess(0, count, grefs);
  file.close();
}

const outcome = await outcomeOf((register) => {
  // No test may leave anything open or mapped.
  const test = (name: string, run: () => void) => {
    register(name, () => {
      shim.reset();
      run();
      shim.assertClean();
    });
  };

  grantsConformance({
    test,
    open: () => ({
      granter: { grants: granting },
      granterDomid: 0,
      peer: { maps: mapping },
      peerDomid: 0,
      setLimit: (pages) => shim.setLimit(pages),
      heldPagesCount: false,
      close: () => shim.assertClean(),
    }),
  });

  test("grant() grants more pages in one call than a page of memory has references", () => {
    shim.setLimit(Infinity);
    withPages(3000, (_, grefs) => assert.equal(new Set(grefs).size, 3000));
  });

  // A mistake here crashes the process, so each runs in its own.
  for (
    const [how, left] of [
      ["kept", 0],
      ["transfer", 3 * 4096],
      ["transfer to a larger buffer", 16384],
      ["structuredClone", 3 * 4096],
      ["postMessage", 3 * 4096],
    ] as const
  ) {
    test(`unmap() leaves no view on unmapped memory when its bytes were moved by: ${how}`, () => {
      const program = new URL("moved.ts", import.meta.url).pathname;
      const found = JSON.parse(execFileSync(process.execPath, [program, libc, how], { encoding: "utf8" }));
      // Node refuses to move external memory between threads, but not to transfer() it.
      const wanted = found.refused ? 0 : left;
      assert.deepEqual(found, {
        refused: found.refused,
        mappedBefore: 3,
        mappedAfter: 0,
        left: wanted,
        original: 0,
        middle: 0,
        disturbed: false,
      });
      if (how.startsWith("transfer")) assert.equal(found.refused, false);
    });
  }

  test("unmap() ignores properties that the owner of a view has redefined", () => {
    withPages(2, (file, grefs) => {
      const first = file.map(0, 1, grefs[0]!, true);
      Object.defineProperty(first.bytes, "buffer", { value: new ArrayBuffer(8) });
      const second = file.map(1, 1, grefs[1]!, true);
      Object.defineProperty(second.bytes.buffer, "transfer", { value() {} });
      Object.defineProperty(second.bytes.buffer, "detached", { value: true });
      for (const memory of [first, second]) {
        memory.unmap();
        assert.equal(memory.bytes.length, 0);
      }
      assert.equal(mappedPages(), 0);
    });
  });

  test("unmap() does nothing the second time, even if other pages are mapped there by then", () => {
    withPages(2, (file, grefs) => {
      const first = file.map(0, 1, grefs[0]!, true);
      first.unmap();
      const second = file.map(1, 1, grefs[1]!, true);
      second.bytes[0] = 42;
      first.unmap();
      const again = file.map(1, 1, grefs[1]!, true);
      assert.deepEqual([second.bytes[0], again.bytes[0]], [42, 42]);
      second.unmap();
      again.unmap();
    });
  });

  test("unmap() throws when munmap fails, and still detaches the views", () => {
    withPages(1, (file, grefs) => {
      const memory = file.map(0, 1, grefs[0]!, true);
      shim.fail("munmap", errno.EINVAL);
      assert.equal(grantError(() => memory.unmap()).errno, errno.EINVAL);
      assert.equal(memory.bytes.length, 0);
    });
  });

  test("unmap() throws when memory that was moved away cannot be replaced, and leaves it mapped", () => {
    withPages(1, (file, grefs) => {
      const memory = file.map(0, 1, grefs[0]!, true);
      const moved = new Uint8Array(memory.bytes.buffer.transfer());
      shim.fail("mmap", errno.ENOMEM);
      assert.equal(grantError(() => memory.unmap()).code, "no-memory");
      moved.fill(1);
      assert.equal(mappedPages(), 1);
      memory.unmap(); // beyond the contract, so that this test leaves nothing mapped
      assert.equal(moved[0], 0);
    });
  });

  test("a failed call throws an error with its errno", () => {
    for (const number of [errno.EPERM, errno.EINTR, errno.EIO, errno.EBADF, errno.ENOMEM, errno.ENOSPC]) {
      shim.fail("open", number);
      assert.equal(grantError(() => granting.open()).errno, number);
      const file = granting.open();
      shim.fail("ioctl", number);
      assert.equal(grantError(() => file.grant(0, 1, 0, true, new Uint32Array(1))).errno, number);
      shim.fail("close", number);
      assert.equal(grantError(() => file.close()).errno, number);
      withPages(1, (file, grefs) => {
        shim.fail("mmap", number);
        assert.equal(grantError(() => file.map(0, 1, grefs[0]!, true)).errno, number);
      });
    }
  });

  test("limit() reads the limit of the kernel module", () => {
    assert.equal(granting.limit(), 1024);
    shim.setLimit(Infinity);
    assert.equal(granting.limit(), Infinity);
  });

  test("map() throws own-grant in a PVH domain that maps its own grants on x86", () => {
    shim.pvh(0);
    withPages(1, (_, [gref]) => {
      const guarded = nodeDomain({ libc }).maps.open();
      if (process.arch === "x64") assert.equal(grantError(() => guarded.map(0, [gref!], true)).code, "own-grant");
      guarded.close();
      const allowed = nodeDomain({ libc, allowOwnGrants: true }).maps.open();
      allowed.map(0, [gref!], true).unmap();
      allowed.close();
    });
  });

  test("open() throws unsupported when the kernel has pages of 64 KiB", () => {
    shim.pageSize(65536);
    for (const backend of [granting, mapping]) assert.equal(grantError(() => backend.open()).code, "unsupported");
  });

  for (
    const [flags, wayOut] of [
      [["--no-addons"], "Run Node without --no-addons."],
      [["--permission", "--allow-fs-read=*"], "Run Node with --allow-addons, too."],
    ] as const
  ) {
    test(`open() throws permission, and names the flag, under ${flags.join(" ")}`, () => {
      const program = new URL("forbidden.ts", import.meta.url).pathname;
      const [code, message] = JSON.parse(execFileSync(process.execPath, [...flags, program], { encoding: "utf8" }));
      assert.equal(code, "permission");
      assert(message.startsWith("Cannot use Xen's devices: koffi is a native addon, which --"), message);
      assert(message.endsWith(wayOut), message);
    });
  }

  test("open() of denoDomain() says that this is Node", () => {
    const { grants, maps, events } = denoDomain();
    for (const backend of [grants, maps, events]) {
      const error = grantError(() => backend.open());
      assert.equal(error.code, "unsupported");
      assert.equal(
        error.message,
        "Cannot use Xen's devices: this is not Deno. Use nodeDomain() of @gntalloc/gntalloc/node.",
      );
    }
  });

  test("open() throws unsupported without the C library", () => {
    const error = grantError(() => nodeDomain({ libc: "/nowhere/libc.so" }).grants.open());
    assert.equal(error.code, "unsupported");
    assert(error.message.includes("/nowhere/libc.so") && error.message.includes("option `libc`"), error.message);
    assert(error.cause instanceof Error);
  });

  test("open() throws unsupported on other systems than Linux", () => {
    const { platform } = process;
    const backend = nodeDomain({ libc: `${libc}?` }).maps;
    Object.defineProperty(process, "platform", { value: "darwin" });
    try {
      const error = grantError(() => backend.open());
      assert.equal(error.code, "unsupported");
      assert(error.message.includes("current system is darwin"), error.message);
    } finally {
      Object.defineProperty(process, "platform", { value: platform });
    }
  });

  test("open() finds the C library of the system", () => {
    const missing = grantError(() => nodeDomain({ gntalloc: "/nowhere/gntalloc" }).grants.open());
    assert.deepEqual([missing.code, missing.errno], ["no-device", errno.ENOENT]);
    const file = nodeDomain({ gntalloc: "/dev/null" }).grants.open();
    const wrong = grantError(() => file.grant(0, 1, 0, true, new Uint32Array(1)));
    assert.deepEqual([wrong.code, wrong.errno], ["unsupported", errno.ENOTTY]);
    file.close();
    assert.equal(grantError(() => file.close()).errno, errno.EBADF);
  });
});
console.log(JSON.stringify(outcome));
