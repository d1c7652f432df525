import { describe, expect, test } from "vitest";
import { linuxMapBackend } from "../../backends/linux/maps.ts";
import { Errno } from "../../src/contract/errno.ts";
import { libc, openFile, useFakeLibc } from "../support/fake_libc.ts";
import { grantError } from "../support/grant_error.ts";

useFakeLibc();

describe("copy()", () => {
  const page = { domid: 1, gref: 9, offset: 100 };
  const other = { domid: 2, gref: 8, offset: 0 };

  test("makes one request for all segments, with the addresses of memory", () => {
    const file = openFile(linuxMapBackend);
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
    expect(openFile(linuxMapBackend).copy([1, 2, 3].map(() => ({ from: page, to: other, length })))).toEqual([
      0,
      -3,
      -8,
    ]);
  });

  test("sends a request with room for every segment, and without statuses of the request before", () => {
    const file = openFile(linuxMapBackend);
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

  test("throws when memory is shorter than the segment, without a request", () => {
    const file = openFile(linuxMapBackend);
    expect(() => file.copy([{ from: page, to: new Uint8Array(2), length: 3 }])).toThrow(RangeError);
    expect(libc.log).toEqual([]);
  });

  test.each(
    [
      ["EINVAL", "copy-refused", "must have a granted page"],
      ["EFAULT", "copy-refused", "(EFAULT)"],
      ["ENOMEM", "no-memory", "no memory"],
      ["ENOTTY", "unsupported", "driver xen_gntdev"],
    ] as const,
  )("throws when the kernel answers %s", (name, code, text) => {
    const file = openFile(linuxMapBackend);
    libc.fail("ioctl", Errno[name]);
    const segment = { from: page, to: other, length: 1 };
    const error = grantError(() => file.copy([segment, segment]));
    expect(error).toMatchObject({ code, operation: "copy", errno: Errno[name] });
    expect(error.message).toMatch(/^Cannot copy 2 segments: /);
    expect(error.message).toContain(text);
  });
});
