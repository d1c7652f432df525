/** Backends that tell when the peer has let go of a page: what is asked for, and what is not; and backends that tell lies. */
import { describe, expect, test } from "vitest";
import type { GrantFile } from "../../src/contract/backend.ts";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";
import { debugCore } from "../support/debug_core.ts";

/** A machine of which the runs that `endAccess` asks for are noted. */
function noted(replace: (file: GrantFile) => Partial<GrantFile> = () => ({})) {
  const asked: [page: number, count: number][] = [];
  const made = brokenDevice((file) => {
    const replaced = replace(file);
    const below = replaced.endAccess ?? file.endAccess.bind(file);
    return {
      ...replaced,
      endAccess(page, count, grefs) {
        asked.push([page, count]);
        return below(page, count, grefs);
      },
    };
  });
  return { ...made, allocator: made.device.open(), asked };
}

describe("a backend that tells", () => {
  test("is not asked again for what the peer holds, until the peer lets go of it", () => {
    const { allocator, asked, device, mapper } = noted();
    const pages = allocator.allocate(0, { pages: 100 });
    const theirs = [mapper.map(1, [pages.grefs[3]!]), mapper.map(1, [pages.grefs[80]!])];
    pages.free();
    allocator.allocate(0).free();
    expect(asked.splice(0)).toEqual([[0, 100], [100, 1]]);
    theirs[1]!.unmap();
    expect(asked).toEqual([]);
    allocator.allocate(0);
    expect(asked.splice(0)).toEqual([[80, 1]]);
    expect(device.inspect().pending).toBe(1);
    theirs[0]!.unmap();
    allocator.close();
    expect(asked).toEqual([[3, 1], [101, 1]]);
    expect(device.inspect().live).toBe(0);
  });

  test("is asked at each operation for what failed", () => {
    let fails = true;
    const { allocator, asked, device, mapper } = noted((file) => ({
      endAccess(...args) {
        if (fails) throw new Error("planned");
        return file.endAccess(...args);
      },
    }));
    const pages = allocator.allocate(0, { pages: 2 });
    const theirs = mapper.map(1, [pages.grefs[1]!]);
    grantError(() => pages.free());
    allocator.allocate(0);
    fails = false;
    allocator.allocate(0);
    allocator.allocate(0);
    expect(asked).toEqual([[0, 2], [0, 2], [0, 2]]);
    expect(device.inspect().pending).toBe(1);
    theirs.unmap();
    allocator.allocate(0);
    expect(device.inspect().pending).toBe(0);
  });

  test("is heard in the middle of a call, before it has said that the page is held", () => {
    const xen = new MockXen({ profile: "linux-5.16" });
    const faults = new Faults();
    const device = new GrantDevice(faults.wrap(xen.domain(1)), { core: debugCore });
    const mapper = new GrantMapper(xen.domain(0));
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 3 });
    const theirs = mapper.map(1, pages.grefs);
    faults.after("endAccess", () => theirs.unmap(), { times: 1 });
    pages.free();
    expect(device.inspect().pending).toBe(3);
    allocator.allocate(0);
    expect(device.inspect().pending).toBe(0);
    device.close();
    xen.assertClean();
  });

  test("tells of the pages of a domain that is destroyed", () => {
    const { allocator, device, mapper, xen } = noted();
    const pages = allocator.allocate(0, { pages: 3 });
    const theirs = mapper.map(1, pages.grefs);
    pages.free();
    expect(device.inspect().pending).toBe(3);
    xen.domain(1).destroy();
    grantError(() => allocator.allocate(0));
    expect(device.inspect().pending).toBe(0);
    theirs.unmap();
  });
});

describe("a backend that tells lies", () => {
  test("changes nothing by telling of what does not wait, or is no page", () => {
    let tell: (page: number) => void = () => {};
    const { allocator, asked, device, mapper } = noted((file) => ({
      onRelease(told) {
        tell = told;
        file.onRelease!(told);
      },
    }));
    const pages = allocator.allocate(0, { pages: 70 });
    const mapping = pages.map({ start: 2, count: 1 });
    const theirs = mapper.map(1, [pages.grefs[5]!]);
    pages.free({ start: 0, count: 10 });
    asked.length = 0;
    const before = device.inspect();
    const lies: unknown[] = [0, 2, 10, 69, 70, 1e9, 2 ** 53 - 1, 2 ** 53, -1, 0.5, NaN, Infinity, "5", undefined, {}];
    for (const lie of lies) tell(lie as number);
    expect(device.inspect()).toEqual(before);
    allocator.allocate(0);
    expect(asked).toEqual([]);
    // Of one that does wait it is asked, and says that it is held: as often as it likes.
    for (let time = 0; time < 3; time++) {
      tell(5);
      tell(5);
      allocator.allocate(0);
    }
    expect(asked).toEqual([[5, 1], [5, 1], [5, 1]]);
    expect(device.inspect().pending).toBe(1);
    mapping.unmap();
    theirs.unmap();
    allocator.close();
    for (const lie of lies) tell(lie as number);
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    device.open().allocate(0).free();
  });

  test("from within its calls ends nothing twice, and hangs nothing", () => {
    let tell: (page: number) => void = () => {};
    const { allocator, asked, device, mapper } = noted((file) => ({
      onRelease(told) {
        tell = told;
        file.onRelease!(told);
      },
      endAccess(page, count, grefs) {
        for (let other = 0; other < 200; other++) tell(other);
        const held = file.endAccess(page, count, grefs);
        for (let other = 0; other < 200; other++) tell(other);
        return held;
      },
    }));
    const pages = allocator.allocate(0, { pages: 200 });
    const theirs = Array.from({ length: 100 }, (_, index) => mapper.map(1, [pages.grefs[2 * index]!]));
    pages.free();
    expect(device.inspect().pending).toBe(100);
    asked.length = 0;
    allocator.allocate(0);
    expect(asked.length).toBe(100);
    for (const mapping of theirs) mapping.unmap();
    allocator.allocate(0);
    expect(device.inspect().pending).toBe(0);
  });

  test("where `onRelease` fails, opening fails, and nothing is left", () => {
    const { device } = brokenDevice((file) => ({
      onRelease() {
        throw new Error("planned");
      },
      close: () => file.close(),
    }));
    expect(grantError(() => device.open()).code).toBe("backend-failed");
    expect(device.inspect().allocators).toHaveLength(0);
  });
});

test("a backend that does not tell is asked at each operation", () => {
  const { allocator, asked, mapper } = (() => {
    const asked: number[] = [];
    const xen = new MockXen({ profile: "linux-5.16" });
    const backend = xen.domain(1).grants;
    const device = new GrantDevice({
      grants: {
        ...backend,
        open() {
          const file = backend.open();
          return {
            grant: file.grant.bind(file),
            map: file.map.bind(file),
            setUnmapNotify: file.setUnmapNotify.bind(file),
            close: file.close.bind(file),
            endAccess(page, count, grefs) {
              asked.push(page);
              return file.endAccess(page, count, grefs);
            },
          };
        },
      },
    }, { core: debugCore });
    return { allocator: device.open(), asked, mapper: new GrantMapper(xen.domain(0)) };
  })();
  const pages = allocator.allocate(0);
  mapper.map(1, pages.grefs);
  pages.free();
  allocator.allocate(0);
  allocator.allocate(0);
  expect(asked).toEqual([0, 0, 0]);
});
