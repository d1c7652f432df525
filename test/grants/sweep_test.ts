/** What an operation does for other allocators of the device: pages and files that are left from before. */
import { describe, expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

const boom = new Error("boom");

describe("a file of a closed allocator", () => {
  test("is closed by the next operation after the peer has released its last page", () => {
    let closes = 0;
    const { device, mapper } = brokenDevice((file) => ({
      close() {
        file.close();
        closes++;
      },
    }));
    const [closing, other] = [device.open(), device.open()];
    const [left, pages] = [closing.allocate(0), other.allocate(0)];
    const theirs = mapper.map(1, left.grefs);
    closing.close();
    theirs.unmap();
    expect(closes).toBe(0);
    pages.free();
    expect([closes, device.inspect().live]).toEqual([1, 0]);
  });

  test("that cannot be closed fails no operation of another allocator", () => {
    let closes = 0;
    const made = brokenDevice((file) => ({
      close() {
        file.close();
        closes++;
        throw boom;
      },
    }));
    const [closing, other] = [made.device.open(), made.device.open()];
    const left = closing.allocate(0);
    const pages = other.allocate(0, { pages: 3 });
    const theirs = made.mapper.map(1, left.grefs);
    closing.close();
    theirs.unmap();
    pages.free({ start: 0, count: 1 });
    expect([closes, made.device.inspect().live]).toEqual([1, 2]);
  });
});

describe("a report of a release", () => {
  /** A device whose files' callbacks for releases, and whose calls of `endAccess`, a test sees. */
  function watched() {
    const tells: ((page: number) => void)[] = [];
    let asked = 0;
    const made = brokenDevice((file) => ({
      onRelease(tell) {
        tells.push(tell);
        file.onRelease!(tell);
      },
      endAccess(...args) {
        asked++;
        return file.endAccess(...args);
      },
    }));
    return { ...made, tells, asked: () => asked };
  }

  test("for a file that was closed says nothing about the next file, which has the same place in the books", () => {
    const { device, mapper, tells, asked } = watched();
    device.open().close();
    const allocator = device.open();
    const pages = allocator.allocate(0);
    const theirs = mapper.map(1, pages.grefs);
    pages.free();
    expect([asked(), device.inspect().pending]).toEqual([1, 1]);
    tells[0]!(0);
    allocator.allocate(0);
    expect(asked()).toBe(1);
    tells[1]!(0);
    allocator.allocate(0);
    expect(asked()).toBe(2);
    theirs.unmap();
  });
});

test("pages that are freed in several runs, of which two fail, throw the first error", () => {
  const errors = [new Error("first"), new Error("second")];
  let calls = 0;
  let fails = false;
  const { device } = brokenDevice((file) => ({
    endAccess(...args) {
      if (fails && calls < errors.length) throw errors[calls++];
      return file.endAccess(...args);
    },
  }));
  const pages = device.open().allocate(0, { pages: 3 });
  pages.free({ start: 1, count: 1 });
  fails = true;
  expect(grantError(() => pages.free()).cause).toBe(errors[0]);
  device.close();
  expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
});
