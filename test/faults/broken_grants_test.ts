/**
 * Granters' backends that fail half-way, lie, or call back: each gets an error that names it, and the books balance.
 */
import { describe, expect, test } from "vitest";
import type { GrantFile, MappedMemory } from "../../src/contract/backend.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { brokenDevice } from "../support/broken_device.ts";
import { grantError } from "../support/grant_error.ts";

const boom = new Error("boom");

describe("a backend that fails to grant", () => {
  test("at once leaves nothing, and the index is as before", () => {
    let fail = true;
    const { device } = brokenDevice((file) => ({
      grant(...args) {
        if (fail) throw boom;
        file.grant(...args);
      },
    }));
    const allocator = device.open();
    const error = grantError(() => allocator.allocate(0, { pages: 70 }));
    expect(error).toMatchObject({ code: "backend-failed", operation: "allocate", cause: boom });
    expect(error.message).toBe("Cannot allocate: the backend broken failed: boom.");
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    fail = false;
    expect(allocator.allocate(0).page).toBe(0);
  });

  test("after half of the pages has them taken back", () => {
    const { device, xen } = brokenDevice((file) => ({
      grant(page, count, domid, writable, grefs) {
        file.grant(page, Math.floor(count / 2), domid, writable, grefs);
        if (count > 1) throw boom;
        file.grant(page, count, domid, writable, grefs);
      },
    }));
    const allocator = device.open();
    expect(grantError(() => allocator.allocate(0, { pages: 200 })).cause).toBe(boom);
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, pending: 0 });
    xen.assertClean();
    expect(allocator.allocate(0).page).toBe(0);
  });

  test("while the peer maps one by guessing its reference: that page is pending until the peer unmaps it (S4)", () => {
    let theirs: { unmap(): void } | undefined;
    const made = brokenDevice((file) => ({
      grant(page, count, domid, writable, grefs) {
        file.grant(page, count, domid, writable, grefs);
        if (count === 1) return;
        theirs = made.mapper.map(1, [grefs[1]!]);
        throw boom;
      },
    }));
    const allocator = made.device.open();
    grantError(() => allocator.allocate(0, { pages: 3 }));
    expect(made.device.inspect()).toMatchObject({ live: 1, listed: 0, pending: 1 });
    // The page keeps its index; those around it are free again.
    const next = allocator.allocate(0);
    expect(next.page).toBe(2);
    theirs!.unmap();
    next.free();
    expect(made.device.inspect()).toMatchObject({ live: 0, pending: 0 });
    made.device.close();
    made.xen.assertClean();
  });

  test("and then to end access: the pages are pending, and taken back later", () => {
    let broken = true;
    const { device, xen } = brokenDevice((file) => ({
      grant(...args) {
        file.grant(...args);
        if (broken) throw boom;
      },
      endAccess(...args) {
        if (broken) throw new Error("still");
        return file.endAccess(...args);
      },
    }));
    const allocator = device.open();
    expect(grantError(() => allocator.allocate(0, { pages: 5 })).cause).toBe(boom);
    expect(device.inspect()).toMatchObject({ live: 5, listed: 0, pending: 5 });
    broken = false;
    expect(allocator.allocate(0).page).toBe(5);
    expect(device.inspect()).toMatchObject({ live: 1, pending: 0 });
    device.close();
    xen.assertClean();
  });

  test("without an error: a page without a reference is one", () => {
    const { device, xen } = brokenDevice((file) => ({
      grant(page, count, domid, writable, grefs) {
        file.grant(page, count - 1, domid, writable, grefs);
      },
    }));
    expect(grantError(() => device.open().allocate(0, { pages: 3 })).message).toContain(
      "it granted page 2 of 3 without a reference",
    );
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0 });
    xen.assertClean();
  });
});

describe("a backend that fails to end access", () => {
  test("leaves the pages pending, and the next operation ends access", () => {
    let broken = true;
    const { device, xen } = brokenDevice((file) => ({
      endAccess(...args) {
        if (broken) throw boom;
        return file.endAccess(...args);
      },
    }));
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 3 });
    expect(grantError(() => pages.free())).toMatchObject({ code: "backend-failed", operation: "free", cause: boom });
    expect(device.inspect()).toMatchObject({ live: 3, listed: 0, pending: 3 });
    expect(grantError(() => pages.free()).code).toBe("not-found");
    // An allocation does not report what failed before.
    const other = allocator.allocate(0);
    const view = other.map();
    expect(grantError(() => allocator.close()).message).toBe(
      "Cannot end access to 3 pages from page 0 yet: Cannot close: the backend broken failed: boom. They stay " +
        "pending, and later operations try again.",
    );
    expect(grantError(() => view.unmap())).toMatchObject({ operation: "unmap", cause: boom });
    expect(view.unmapped).toBe(true);
    broken = false;
    device.close();
    expect(device.inspect()).toMatchObject({ live: 0, pending: 0, mapped: 0 });
    xen.assertClean();
  });

  test("in one file does not affect the others", () => {
    let broken: GrantFile | undefined;
    const { device } = brokenDevice((file) => ({
      endAccess(...args) {
        if (file === broken) throw boom;
        return file.endAccess(...args);
      },
      close() {
        if (file === broken) throw boom;
      },
      grant(...args) {
        broken ??= file;
        file.grant(...args);
      },
    }));
    const [first, second] = [device.open(), device.open()];
    const stuck = first.allocate(0, { pages: 3 });
    const pages = second.allocate(0, { pages: 2 });
    grantError(() => stuck.free());
    pages.free();
    second.close();
    expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
  });

  for (
    const [what, held] of Object.entries({
      "pages that are not there": [3],
      "a negative page": [-1],
      "half a page": [0.5],
      "a page twice": [1, 1],
      "pages in disorder": [2, 1],
      "a page that is none": ["x"],
      "nothing at all": undefined,
    })
  ) {
    test(`and returns ${what} as held: all pages stay pending`, () => {
      let lie = true;
      const { device, xen } = brokenDevice((file) => ({
        endAccess(...args) {
          return lie ? held as number[] : file.endAccess(...args);
        },
      }));
      const pages = device.open().allocate(0, { pages: 3 });
      expect(grantError(() => pages.free()).code).toBe("backend-failed");
      expect(device.inspect()).toMatchObject({ live: 3, pending: 3 });
      lie = false;
      device.close();
      xen.assertClean();
    });
  }
});

describe("a backend that fails to map", () => {
  test("the second of two parts: the first is unmapped, and no page counts as mapped (U4)", () => {
    let maps = 0;
    let unmaps = 0;
    const { device } = brokenDevice((file) => ({
      map(...args) {
        if (++maps === 2) throw boom;
        const memory = file.map(...args);
        return {
          bytes: memory.bytes,
          unmap() {
            unmaps++;
            memory.unmap();
          },
        };
      },
    }));
    const allocator = device.open();
    allocator.allocate(0, { pages: 2 });
    allocator.allocate(0, { pages: 2 });
    expect(grantError(() => allocator.map(0, 4))).toMatchObject({ operation: "map", cause: boom });
    expect([maps, unmaps]).toEqual([2, 1]);
    expect(device.inspect()).toMatchObject({ mapped: 0, live: 4, allocators: [{ mappings: 0 }] });
    const view = allocator.map(0, 4);
    allocator.free(0, 4);
    view.unmap();
    expect(device.inspect()).toMatchObject({ live: 0 });
  });

  for (
    const [what, memory] of Object.entries({
      "too little memory": { bytes: new Uint8Array(4096), unmap() {} },
      "no memory": { unmap() {} },
      "nothing": undefined,
    })
  ) {
    test(`and returns ${what}`, () => {
      const { device } = brokenDevice(() => ({ map: () => memory as MappedMemory }));
      const pages = device.open().allocate(0, { pages: 2 });
      expect(grantError(() => pages.map()).code).toBe("backend-failed");
      expect(device.inspect()).toMatchObject({ mapped: 0, live: 2 });
    });
  }
});

test("a backend that fails to unmap: the mapping counts as ended, and the pages are freed", () => {
  const { device } = brokenDevice((file) => ({
    map(...args) {
      return {
        bytes: file.map(...args).bytes,
        unmap() {
          throw boom;
        },
      };
    },
  }));
  const pages = device.open().allocate(0, { pages: 2 });
  const view = pages.map();
  pages.free();
  expect(grantError(() => view.unmap())).toMatchObject({ operation: "unmap", cause: boom });
  view.unmap();
  expect(device.inspect()).toMatchObject({ mapped: 0, live: 0 });
});

test("a backend that fails to set a notify", () => {
  const { device } = brokenDevice(() => ({
    setUnmapNotify() {
      throw boom;
    },
  }));
  const pages = device.open().allocate(0);
  expect(grantError(() => pages.setUnmapNotify({ clearByte: 0 }))).toMatchObject({ operation: "notify", cause: boom });
});

test("a backend that fails to open or close", () => {
  let broken = true;
  const { device } = brokenDevice(() => ({
    close() {
      throw boom;
    },
  }));
  const allocator = device.open();
  allocator.allocate(0);
  expect(grantError(() => allocator.close())).toMatchObject({ operation: "close", cause: boom });
  expect(allocator.closed).toBe(true);
  allocator.close();
  expect(device.inspect()).toMatchObject({ live: 0, allocators: [] });

  const xen = new MockXen();
  const real = xen.domain(1).grants;
  const unopened = new GrantDevice({
    grants: {
      ...real,
      open() {
        if (broken) throw boom;
        return real.open();
      },
    },
  });
  expect(grantError(() => unopened.open())).toMatchObject({ operation: "open", cause: boom });
  broken = false;
  expect(unopened.open().allocate(0).page).toBe(0);
});

describe("a backend with a wrong limit", () => {
  for (const limit of [NaN, -1, 0.5, "8", undefined] as number[]) {
    test(`${limit}`, () => {
      const { device } = brokenDevice(() => ({}), { limit: () => limit });
      expect(grantError(() => device.open())).toMatchObject({ code: "backend-failed", operation: "open" });
    });
  }
});

test("a backend that calls back into the library is refused, and nothing is lost", () => {
  const codes: string[] = [];
  const attempt = (action: () => unknown) => codes.push(grantError(action).code);
  const { device, xen } = brokenDevice((file) => ({
    grant(...args) {
      attempt(() => allocator.allocate(0));
      attempt(() => allocator.close());
      attempt(() => device.open());
      file.grant(...args);
    },
    endAccess(...args) {
      attempt(() => allocator.free(0, 1));
      return file.endAccess(...args);
    },
    map(...args) {
      attempt(() => allocator.map(0, 1));
      const memory = file.map(...args);
      return {
        bytes: memory.bytes,
        unmap() {
          attempt(() => view.unmapped ? allocator.map(0, 1) : view.unmap());
          memory.unmap();
        },
      };
    },
    setUnmapNotify(...args) {
      attempt(() => allocator.setUnmapNotify(0, {}));
      file.setUnmapNotify(...args);
    },
  }));
  const allocator = device.open();
  const pages = allocator.allocate(0);
  const view = pages.map();
  const other = pages.map();
  pages.setUnmapNotify({});
  other.unmap();
  view.unmap();
  pages.free();
  expect(new Set(codes)).toEqual(new Set(["busy"]));
  expect(codes.length).toBeGreaterThanOrEqual(8);
  expect(allocator.closed).toBe(false);
  device.close();
  expect(device.inspect()).toMatchObject({ live: 0, mapped: 0 });
  xen.assertClean();
});

test("a core that cannot be compiled is a clear error", () => {
  expect(() => new GrantDevice(new MockXen().domain(1), { core: {} as WebAssembly.Module })).toThrow();
});
