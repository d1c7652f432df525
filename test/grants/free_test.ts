/** The end of access, on backends whose `endAccess` fails or answers nonsense. */
import { describe, expect, test } from "vitest";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

test("`free()` of pages with holes ends every run, and throws the first failure", () => {
  let fails = 1;
  const { device } = brokenDevice((file) => ({
    endAccess(...args) {
      if (fails-- > 0) throw new Error("planned");
      return file.endAccess(...args);
    },
  }));
  const pages = device.open().allocate(0, { pages: 5 });
  fails = 0;
  pages.free({ start: 2, count: 1 });
  fails = 1;
  expect(grantError(() => pages.free()).message).toContain("planned");
  expect(device.inspect()).toMatchObject({ live: 0, listed: 0 });
});

describe("a backend whose `endAccess` answers", () => {
  for (const answer of [5, {}, true, "", Promise.resolve([]), Symbol("x"), null] as unknown[]) {
    test(`${String(answer)}: nothing has ended`, () => {
      let lies = true;
      const { device, xen } = brokenDevice((file) => ({
        endAccess: (...args) => lies ? answer as number[] : file.endAccess(...args),
      }));
      const pages = device.open().allocate(0, { pages: 2 });
      expect(grantError(() => pages.free()).code).toBe("backend-failed");
      expect(device.inspect()).toMatchObject({ live: 2, pending: 2 });
      lies = false;
      device.close();
      xen.assertClean();
    });
  }
});

test("`unmap()` throws its own failure if the end of access fails too, and none of another file", () => {
  let stuck = true;
  const { device } = brokenDevice((file) => ({
    endAccess(...args) {
      if (stuck) throw new Error("ending");
      return file.endAccess(...args);
    },
    map(...args) {
      const memory = file.map(...args);
      return {
        bytes: memory.bytes,
        unmap() {
          memory.unmap();
          if (stuck) throw new Error("unmapping");
        },
      };
    },
  }));
  const [first, second] = [device.open(), device.open()];
  const pages = first.allocate(0);
  const view = pages.map();
  pages.free();
  expect(grantError(() => view.unmap()).message).toContain("unmapping");
  stuck = false;
  const other = second.allocate(0).map();
  stuck = true;
  grantError(() => first.allocate(0).free());
  stuck = false;
  other.unmap();
  device.close();
  expect(device.inspect().live).toBe(0);
});

test("`free()` ends pending runs of two files separately, even if their pages are neighbours", () => {
  const ended: [unknown, number, number][] = [];
  let stuck = true;
  const { device, xen } = brokenDevice((file) => ({
    endAccess(page, count, grefs) {
      if (stuck) throw new Error("stuck");
      ended.push([file, page, count]);
      return file.endAccess(page, count, grefs);
    },
  }));
  const [first, second] = [device.open(), device.open()];
  first.allocate(0, { pages: 64 });
  second.allocate(0, { pages: 128 });
  grantError(() => first.free(0, 64));
  grantError(() => second.free(64, 64));
  stuck = false;
  first.allocate(0).free();
  expect(ended.slice(0, 2).map(([, page, count]) => [page, count])).toEqual([[0, 64], [64, 64]]);
  expect(ended[0]![0]).not.toBe(ended[1]![0]);
  device.close();
  xen.assertClean();
});
