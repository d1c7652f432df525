/** Mappings, on hostile memory and with hostile arrays of the caller. */
import { expect, test } from "vitest";
import type { MappedMemory } from "../../src/contract/backend.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

test("`readInto()` gives no memory of a read-only mapping to methods that the caller's array overrides", () => {
  const { device, mapper } = brokenDevice();
  const pages = device.open().allocate(0);
  const theirs = mapper.map(1, pages.grefs);
  const seen: unknown[] = [];
  class Spy extends Uint8Array {
    override set(source: ArrayLike<number>): void {
      seen.push(source);
    }
    override get length(): number {
      return 1;
    }
  }
  const spy = new Spy(8);
  theirs.readInto(spy, 4088);
  expect(seen).toEqual([]);
  expect(() => theirs.readInto(spy, 4089)).toThrow(RangeError);
});

test("`read()` and `readInto()` of no bytes read nothing", () => {
  const { device } = brokenDevice();
  const view = device.open().allocate(0).map();
  expect(view.read(0, 0).length).toBe(0);
  view.readInto(new Uint8Array(0), 4096);
  view.unmap();
});

test("`read()` and `readInto()` throw if a part was transferred away, and read the other parts", () => {
  const { device } = brokenDevice();
  const allocator = device.open();
  allocator.allocate(0);
  allocator.allocate(0);
  const view = allocator.map(0, 2);
  view.parts[0]!.fill(1);
  view.parts[1]!.fill(2);
  view.parts[0]!.buffer.transfer();
  expect(grantError(() => view.read(0, 2))).toMatchObject({ code: "closed" });
  expect([...view.read(4096, 2)]).toEqual([2, 2]);
  expect(grantError(() => view.readInto(new Uint8Array(8192))).message).toContain("transferred");
  view.unmap();
});

test("`map()` reads `bytes` of the memory once", () => {
  let asked = 0;
  const { device } = brokenDevice((file) => ({
    map(...args): MappedMemory {
      const memory = file.map(...args);
      return {
        get bytes() {
          if (asked++ > 0) throw new Error("again");
          return memory.bytes;
        },
        unmap: () => memory.unmap(),
      };
    },
  }));
  const view = device.open().allocate(0, { pages: 2 }).map();
  expect(view.count).toBe(2);
  view.unmap();
  expect(asked).toBe(1);
  expect(device.inspect().mapped).toBe(0);
});

test("`map()` unmaps memory whose `bytes` cannot be read", () => {
  let unmaps = 0;
  const hostile = {
    get bytes(): Uint8Array<ArrayBuffer> {
      throw new Error("no");
    },
    unmap: () => void unmaps++,
  };
  const { device } = brokenDevice(() => ({ map: () => hostile }));
  const pages = device.open().allocate(0);
  expect(grantError(() => pages.map()).code).toBe("backend-failed");
  expect([unmaps, device.inspect().mapped]).toEqual([1, 0]);
});

test("`unmap()` unmaps every part, and throws the first failure, even if it is `undefined`", () => {
  let unmaps = 0;
  const { device } = brokenDevice((file) => ({
    map(...args) {
      const memory = file.map(...args);
      return {
        bytes: memory.bytes,
        unmap() {
          memory.unmap();
          unmaps++;
          throw undefined;
        },
      };
    },
  }));
  const allocator = device.open();
  allocator.allocate(0);
  allocator.allocate(0);
  const view = allocator.map(0, 2);
  expect(grantError(() => view.unmap())).toMatchObject({ code: "backend-failed", operation: "unmap" });
  expect(unmaps).toBe(2);
});
