import { describe, expect, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { Errno } from "../../src/contract/errno.ts";
import { grantError } from "../support/grant_error.ts";
import { programResult } from "../support/shim/program.ts";
import { mappedPages } from "../support/shim/shim.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();

/** Opens a file and grants pages through it. */
function granted(count: number, writable = true) {
  const file = denoDomain({ libc: used.libc }).grants.open();
  const grefs = new Uint32Array(count);
  file.grant(0, count, 0, writable, grefs);
  return { file, grefs };
}

describe("views", () => {
  test("have length 0 when the mapping has ended", () => {
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
  ])("never reach unmapped memory when the memory is moved away by: %s", async (how, left) => {
    const found = await programResult(new URL("moved.ts", import.meta.url), ["-A"], [used.libc, how]);
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

describe("unmap()", () => {
  test("ignores properties that the owner of a view has redefined", () => {
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

  test("does nothing the second time, even when another mapping is there by then", () => {
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

  test("detaches the views even when the kernel refuses, and throws", () => {
    const { file, grefs } = granted(1);
    const memory = file.map(0, 1, grefs[0]!, true);
    used.shim.fail("munmap", Errno.EINVAL);
    expect(grantError(() => memory.unmap())).toMatchObject({ operation: "unmap", errno: Errno.EINVAL });
    expect(memory.bytes).toHaveLength(0);
    file.endAccess(0, 1, grefs);
    file.close();
  });

  test("throws when memory that was moved away cannot be replaced, and leaves it mapped", () => {
    const { file, grefs } = granted(1);
    const memory = file.map(0, 1, grefs[0]!, true);
    const moved = new Uint8Array(memory.bytes.buffer.transfer());
    used.shim.fail("mmap", Errno.ENOMEM);
    expect(grantError(() => memory.unmap())).toMatchObject({
      code: "no-memory",
      operation: "unmap",
      errno: Errno.ENOMEM,
    });
    moved.fill(1);
    expect(mappedPages()).toBe(1);
    memory.unmap(); // a second try, so that this test leaves nothing mapped
    expect(moved[0]).toBe(0);
    file.endAccess(0, 1, grefs);
    file.close();
  });
});
