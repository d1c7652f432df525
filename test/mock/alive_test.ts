/** `isAlive()` of a simulated Xen, which knows what Linux knows. */
import { describe, expect, test } from "vitest";
import { Faults } from "../../backends/faults.ts";
import { MockXen } from "../../backends/mock.ts";
import { Recorder } from "../../backends/record.ts";
import { GrantDevice, GrantMapper } from "../../mod.ts";

describe("isAlive()", () => {
  test("finds domains from the first time they are named until they are destroyed", async () => {
    const xen = new MockXen();
    const domain = xen.domain(0);
    expect(await domain.isAlive(0)).toBe(true);
    expect(await domain.isAlive(2)).toBe(false);
    // Asking creates no domain.
    expect(await domain.isAlive(2)).toBe(false);
    const other = xen.domain(2);
    expect(await domain.isAlive(2)).toBe(true);
    other.destroy();
    expect(await domain.isAlive(2)).toBe(false);
    xen.domain(2);
    expect(await domain.isAlive(2)).toBe(true);
  });

  test("in another domain than 0 finds only the domain itself", async () => {
    const xen = new MockXen();
    const domain = xen.domain(1);
    xen.domain(2);
    expect([await domain.isAlive(1), await domain.isAlive(2), await domain.isAlive(3), await domain.isAlive(0)])
      .toEqual([true, undefined, undefined, undefined]);
  });

  test("does not find a destroyed domain whose pages are still mapped", async () => {
    const xen = new MockXen();
    const granter = xen.domain(1);
    const pages = new GrantDevice(granter).open().allocate(0);
    const theirs = new GrantMapper(xen.domain(0)).map(1, pages.grefs);
    granter.destroy();
    expect(xen.domain(1)).toBe(granter);
    expect(await xen.domain(0).isAlive(1)).toBe(false);
    theirs.unmap();
  });

  test("is refused to a dead program", async () => {
    const xen = new MockXen();
    const domain = xen.domain(1);
    const program = domain.process();
    expect(await program.isAlive(1)).toBe(true);
    program.kill();
    await expect(program.isAlive(1)).rejects.toMatchObject({
      code: "closed",
      message: "Cannot look for a domain: this process of domain 1 was killed. Ask in another process.",
    });
    domain.destroy();
    for (const domid of [0, 1]) {
      await expect(domain.isAlive(domid)).rejects.toMatchObject({
        code: "closed",
        message: "Cannot look for a domain: domain 1 was destroyed. Ask in another domain.",
      });
    }
  });

  test("is passed through by faults and recorders, and is not in the trace", async () => {
    const xen = new MockXen();
    const trace: string[] = [];
    const recorder = new Recorder((line) => trace.push(line));
    const domain = recorder.wrap(new Faults().wrap(xen.domain(0)));
    expect([await domain.isAlive(0), await domain.isAlive(9)]).toEqual([true, false]);
    await expect(domain.isAlive(-1)).rejects.toThrow(RangeError);
    expect(trace.length).toBe(1);
    // A part of a domain does not get what it does not have.
    const { events } = xen.domain(1);
    expect(Object.keys(new Faults().wrap({ events }))).toEqual(["events"]);
  });
});
