/** Pools of granted pages: what is taken, what is granted, who waits, and what happens when the system refuses. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";
import { GrantPool, type GrantPoolOptions, type PoolPages } from "../../src/pv/mod.ts";

function pool(options: GrantPoolOptions = {}, limit = 1024) {
  const xen = new MockXen({ limit });
  const device = new GrantDevice(xen.domain(1));
  const pages = new GrantPool(device.open(), 0, options);
  const finish = () => {
    pages.close();
    device.close();
    xen.assertClean();
  };
  return { xen, device, pool: pages, finish };
}

/** Whether a call has ended. */
async function isPending(call: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return await Promise.race([call.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 1, pending))]) ===
    pending;
}

describe("a persistent pool", () => {
  test("grants pages when they are first needed, and takes those first that came back last", async () => {
    const { pool: pages, device, finish } = pool({ pages: 6 });
    expect(device.inspect().live).toBe(0);
    const one = await pages.take(2);
    const two = await pages.take(3);
    expect(device.inspect().live).toBe(5);
    expect(new Set([...one.grefs, ...two.grefs]).size).toBe(5);
    one.release();
    two.release();
    expect(device.inspect().live).toBe(5);
    expect((await pages.take(3)).grefs).toEqual(two.grefs);
    expect((await pages.take(2)).grefs).toEqual(one.grefs);
    expect((await pages.take(1)).grefs).not.toEqual(one.grefs);
    expect([pages.used, pages.pages, device.inspect().live]).toEqual([6, 6, 6]);
    finish();
  });

  test("has pages that the other side may write to, each its own memory", async () => {
    const { xen, pool: pages, finish } = pool();
    const taken = await pages.take(3);
    const mapper = new GrantMapper(xen.domain(0));
    const theirs = mapper.map(1, taken.grefs, { writable: true });
    for (const [index, page] of taken.pages.entries()) {
      expect(page.length).toBe(4096);
      page.fill(index + 1);
      expect(theirs.read(index * 4096, 4096)).toEqual(new Uint8Array(4096).fill(index + 1));
    }
    theirs.unmap();
    mapper.close();
    finish();
  });
});

test("a pool that is not persistent grants pages for one use each, and zeroed", async () => {
  const { pool: pages, device, finish } = pool({ persistent: false });
  const one = await pages.take(2);
  one.pages[1]!.fill(7);
  expect(device.inspect().live).toBe(2);
  one.release();
  expect(device.inspect().live).toBe(0);
  using two = await pages.take(2);
  expect(two.pages[1]![0]).toBe(0);
  two.release();
  finish();
});

describe.each([true, false])("with `persistent: %s`", (persistent) => {
  test("calls wait for pages in their order, and small ones do not overtake", async () => {
    const { pool: pages, finish } = pool({ pages: 4, persistent });
    const first = await pages.take(3);
    const large = pages.take(3);
    const small = pages.take(1);
    expect(await isPending(small)).toBe(true);
    expect(pages.tryTake(1)).toBe(undefined);
    first.release();
    expect((await large).grefs.length).toBe(3);
    expect((await small).grefs.length).toBe(1);
    expect(pages.used).toBe(4);
    (await large).release();
    (await small).release();
    expect(pages.used).toBe(0);
    finish();
  });

  test("pages are given back once", async () => {
    const { pool: pages, finish } = pool({ pages: 2, persistent });
    const one = await pages.take(2);
    one.release();
    one.release();
    const two = await pages.take(2);
    one.release();
    expect(pages.used).toBe(2);
    expect(pages.tryTake(1)).toBe(undefined);
    two[Symbol.dispose]();
    expect(pages.used).toBe(0);
    finish();
  });

  test("a call that is given up takes nothing, and those behind it go on", async () => {
    const { pool: pages, finish } = pool({ pages: 4, persistent });
    await expect(pages.take(1, { signal: AbortSignal.abort("early") })).rejects.toBe("early");
    const first = await pages.take(3);
    const stop = new AbortController();
    const large = pages.take(3, { signal: stop.signal });
    const small = pages.take(1, { signal: stop.signal });
    const other = pages.take(1);
    small.catch(() => {});
    stop.abort("given up");
    await expect(large).rejects.toBe("given up");
    // The signal is of both, and the small one hears of it last.
    await expect(small).rejects.toBe("given up");
    expect((await other).grefs.length).toBe(1);
    (await other).release();
    first.release();
    expect(pages.used).toBe(0);
    finish();
  });

  test("the end of a block closes the pool", async () => {
    const { device, pool: pages, finish } = pool({ persistent });
    {
      using pool = pages;
      await pool.take(2);
    }
    expect([pages.closed, device.inspect().live]).toEqual([true, 0]);
    finish();
  });

  test("closing frees what is taken, and fails those who wait", async () => {
    const { pool: pages, device, finish } = pool({ pages: 2, persistent });
    const taken = await pages.take(2);
    const waiting = pages.take(1);
    pages.close();
    await expect(waiting).rejects.toMatchObject({
      name: "PvError",
      code: "closed",
      message: "Cannot take pages: the pool is closed. Create another one.",
    });
    expect(device.inspect().live).toBe(0);
    taken.release();
    expect(() => pages.tryTake(1)).toThrow("the pool is closed");
    await expect(pages.take(1)).rejects.toMatchObject({ code: "closed" });
    expect(pages.closed).toBe(true);
    finish();
  });

  test("a system without pages is waited for while pages are in use, and an error otherwise", async () => {
    const { pool: pages, device, finish } = pool({ pages: 100, persistent }, 4);
    await expect(pages.take(5)).rejects.toMatchObject({ name: "GrantError", code: "kernel-limit-reached" });
    expect(pages.used).toBe(0);
    const one = await pages.take(3);
    const waiting = pages.take(2);
    expect(await isPending(waiting)).toBe(true);
    one.release();
    expect((await waiting).grefs.length).toBe(2);
    const never = pages.take(50);
    expect(await isPending(never)).toBe(true);
    (await waiting).release();
    // Nothing will come back any more.
    await expect(never).rejects.toMatchObject({ code: "kernel-limit-reached" });
    expect((await pages.take(4)).grefs.length).toBe(4);
    expect(device.inspect().live).toBe(4);
    finish();
  });

  test("whatever fails in the system, nothing is left", async () => {
    for (const kind of ["grant", "map", "unmap", "endAccess"] as const) {
      for (const nth of [1, 2, 3]) {
        const xen = new MockXen();
        const faults = new Faults();
        const device = new GrantDevice(faults.wrap(xen.domain(1)));
        const pages = new GrantPool(device.open(), 0, { pages: 4, persistent });
        faults.fail(kind, { nth, part: "grants" });
        for (let round = 0; round < 4; round++) {
          const taken: PoolPages[] = [];
          for (const count of [1, 2]) {
            try {
              taken.push(await pages.take(count));
            } catch {
              // The fault.
            }
          }
          for (const one of taken) {
            try {
              one.release();
            } catch {
              // The fault.
            }
          }
          expect(pages.used).toBe(0);
        }
        try {
          pages.close();
        } catch {
          // The fault.
        }
        faults.clear();
        faults.releaseAll();
        device.close();
        xen.assertClean();
      }
    }
  });
});

test("a random mix of calls never grants too much, hands out a page twice, or leaves anybody waiting", async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("take" as const), count: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ do: fc.constant("release" as const), which: fc.nat({ max: 10 }) }),
  );
  const run = async (
    steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
    persistent: boolean,
  ) => {
    const { pool: pages, device, finish } = pool({ pages: 7, persistent });
    const taken: PoolPages[] = [];
    let waiting = 0;
    const calls: Promise<void>[] = [];
    for (const one of steps) {
      if (one.do === "take") {
        waiting++;
        calls.push(
          pages.take(one.count).then((lease) => {
            waiting--;
            taken.push(lease);
          }),
        );
      } else taken.splice(one.which % Math.max(1, taken.length), 1)[0]?.release();
      await Promise.resolve();
      await Promise.resolve();
      const grefs = taken.flatMap(({ grefs }) => grefs);
      expect(new Set(grefs).size).toBe(grefs.length);
      expect(device.inspect().live).toBeLessThanOrEqual(7);
      if (!persistent) expect(device.inspect().live).toBe(pages.used);
      // Somebody waits only while pages are in use.
      expect(waiting === 0 || pages.used > 0).toBe(true);
    }
    while (taken.length > 0 || waiting > 0) {
      taken.shift()?.release();
      await Promise.resolve();
      await Promise.resolve();
    }
    await Promise.all(calls);
    expect(pages.used).toBe(0);
    finish();
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.boolean(), run), { numRuns: 200 });
});

describe("arguments", () => {
  test("are checked", async () => {
    const { device, pool: pages, finish } = pool({ pages: 4 });
    const allocator = device.open();
    expect(() => new GrantPool({} as never, 0)).toThrow(
      "`allocator` must be a GrantAllocator: current value is an Object",
    );
    expect(() => new GrantPool(allocator, -1)).toThrow(RangeError);
    expect(() => new GrantPool(allocator, 0, { pages: 0 })).toThrow("Cannot create a pool as `pages` must be a whole");
    expect(() => new GrantPool(allocator, 0, { persistent: 1 as never })).toThrow("`persistent` must be a boolean");
    await expect(pages.take(0)).rejects.toThrow(
      "Cannot take pages as `count` must be a whole number from 1 to 4: current value is 0",
    );
    await expect(pages.take(5)).rejects.toThrow(RangeError);
    await expect(pages.take(1, { signal: 1 as never })).rejects.toThrow("`signal` must be an AbortSignal");
    expect(() => pages.tryTake(1.5)).toThrow(RangeError);
    finish();
  });

  test("what a person sees of a pool", async () => {
    const { pool: pages, finish } = pool({ pages: 4 });
    await pages.take(1);
    expect(JSON.parse(JSON.stringify(pages))).toEqual({ domid: 0, pages: 4, used: 1, persistent: true, closed: false });
    finish();
  });
});
