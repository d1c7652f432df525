/** Node's device backend over the shim: the conformance suite, and what is Node's own. The argument is the shim's path. */

import { type GrantBackend, GrantError } from "@gntalloc/gntalloc";
import { conformance } from "@gntalloc/gntalloc/conformance";
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

/** Calls `use` with a file of some granted pages, and gives them back. */
function withPages(count: number, use: (file: ReturnType<GrantBackend["open"]>, grefs: Uint32Array) => void): void {
  const file = granting.open();
  const grefs = new Uint32Array(count);
  file.grant(0, count, 0, true, grefs);
  use(file, grefs);
  file.endAccess(0, count, grefs);
  file.close();
}

const outcome = await outcomeOf((register) => {
  // Whatever a test does: nothing is left open or mapped.
  const test = (name: string, run: () => void) => {
    register(name, () => {
      shim.reset();
      run();
      shim.assertClean();
    });
  };

  conformance({
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

  test("one call grants more pages than fit one page of memory", () => {
    shim.setLimit(Infinity);
    withPages(3000, (_, grefs) => assert.equal(new Set(grefs).size, 3000));
  });

  // A mistake here is a crash: each has a process of its own.
  for (
    const [how, left] of [
      ["kept", 0],
      ["transfer", 3 * 4096],
      ["transfer to a larger buffer", 16384],
      ["structuredClone", 3 * 4096],
      ["postMessage", 3 * 4096],
    ] as const
  ) {
    test(`views of memory that is moved away never reach unmapped memory: ${how}`, () => {
      const program = new URL("moved.ts", import.meta.url).pathname;
      const found = JSON.parse(execFileSync(process.execPath, [program, libc, how], { encoding: "utf8" }));
      // Node refuses to move memory that is not its own between threads; `transfer` it does not.
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

  test("unmap() does not trust what the owner of a view has redefined", () => {
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

  test("unmap() does nothing the second time, whatever is mapped there by then", () => {
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

  test("unmap() throws when the system refuses, and the views are dead all the same", () => {
    withPages(1, (file, grefs) => {
      const memory = file.map(0, 1, grefs[0]!, true);
      shim.fail("munmap", errno.EINVAL);
      assert.equal(grantError(() => memory.unmap()).errno, errno.EINVAL);
      assert.equal(memory.bytes.length, 0);
    });
  });

  test("unmap() throws when memory that was moved away cannot be replaced, and leaves it as it is", () => {
    withPages(1, (file, grefs) => {
      const memory = file.map(0, 1, grefs[0]!, true);
      const moved = new Uint8Array(memory.bytes.buffer.transfer());
      shim.fail("mmap", errno.ENOMEM);
      assert.equal(grantError(() => memory.unmap()).code, "no-memory");
      moved.fill(1);
      assert.equal(mappedPages(), 1);
      memory.unmap(); // as the contract does not ask for: to leave nothing mapped behind this test
      assert.equal(moved[0], 0);
    });
  });

  test("every failing call has its error number", () => {
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

  test("the limit is read from the kernel", () => {
    assert.equal(granting.limit(), 1024);
    shim.setLimit(Infinity);
    assert.equal(granting.limit(), Infinity);
  });

  test("without the library, first use throws unsupported", () => {
    const error = grantError(() => nodeDomain({ libc: "/nowhere/libc.so" }).grants.open());
    assert.equal(error.code, "unsupported");
    assert(error.message.includes("/nowhere/libc.so") && error.message.includes("option `libc`"), error.message);
    assert(error.cause instanceof Error);
  });

  test("off Linux, first use throws unsupported", () => {
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

  test("the C library of the system is found", () => {
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
