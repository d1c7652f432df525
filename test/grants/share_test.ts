/** What is left when a step of `share()` or `release()` fails. The conformance suite has the rest. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { GrantDevice } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";

function shared() {
  const xen = new MockXen();
  const faults = new Faults();
  const device = new GrantDevice(faults.wrap(xen.domain(1)), { core: debugCore });
  return { xen, faults, device, allocator: device.open() };
}

const first = new Error("first");
const second = new Error("second");
const causedBy = (cause: Error) => expect.objectContaining({ code: "backend-failed", cause });

describe("`share()` leaves nothing", () => {
  test.each(
    [
      ["grant", "before", {}],
      ["grant", "after", {}],
      ["map", "before", {}],
      ["map", "after", {}],
      ["notify", "before", { unmapNotify: { clearByte: 4096 } }],
      ["notify", "after", { unmapNotify: { clearByte: 4096 } }],
    ] as const,
  )("when `%s` fails %s it was done", (kind, when, options) => {
    const { xen, faults, device, allocator } = shared();
    faults.fail(kind, { when, error: first });
    expect(() => allocator.share(0, { pages: 3, ...options })).toThrow(causedBy(first));
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, mapped: 0, pending: 0 });
    expect([faults.injected(), faults.unreleased]).toEqual([1, 0]);
    const again = allocator.share(0);
    expect(again.page).toBe(kind === "grant" ? 0 : 3);
    again.release();
    device.close();
    xen.assertClean();
  });

  test("when the mapping cannot be ended either: the first error counts", () => {
    const { faults, device, allocator } = shared();
    faults.fail("notify", { error: first });
    faults.fail("unmap", { error: second });
    expect(() => allocator.share(0, { unmapNotify: { clearByte: 0 } })).toThrow(causedBy(first));
    expect(faults.injected()).toBe(2);
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, mapped: 0 });
  });
});

describe("`release()`", () => {
  test("frees the pages when the mapping cannot be ended", () => {
    const { xen, faults, device, allocator } = shared();
    const share = allocator.share(0, { pages: 2 });
    faults.fail("unmap", { when: "after", error: first });
    expect(() => share.release()).toThrow(causedBy(first));
    expect(device.inspect()).toMatchObject({ live: 0, listed: 0, mapped: 0 });
    share.release();
    device.close();
    xen.assertClean();
  });

  test("throws the first error when both steps fail", () => {
    const { faults, device, allocator } = shared();
    const share = allocator.share(0);
    faults.fail("unmap", { when: "after", error: first });
    faults.fail("endAccess", { error: second, nth: 1, times: 1 });
    expect(() => share.release()).toThrow(causedBy(first));
    expect(faults.injected()).toBe(2);
    expect(device.inspect()).toMatchObject({ live: 1, listed: 0, mapped: 0, pending: 1 });
  });

  test("does nothing while the backend is in the middle of a call", () => {
    const { faults, device, allocator } = shared();
    const share = allocator.share(0);
    let error: unknown;
    faults.before("grant", () => {
      try {
        share.release();
      } catch (thrown) {
        error = thrown;
      }
    }, { times: 1 });
    allocator.allocate(0).free();
    expect(error).toMatchObject({ code: "busy" });
    expect(share.bytes).toHaveLength(4096);
    share.release();
    expect(device.inspect().live).toBe(0);
  });

  test("is what `using` does", () => {
    const { xen, device, allocator } = shared();
    {
      using share = allocator.share(0);
      share.bytes[0] = 1;
    }
    expect(device.inspect().live).toBe(0);
    device.close();
    xen.assertClean();
  });
});
