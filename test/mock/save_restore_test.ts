/** What programs see of a domain that is saved and restored. The rig's run `suspend` shows the same on a real Xen. */
import { describe, expect, test } from "vitest";
import { MockXen, type MockXenOptions } from "../../backends/mock.ts";
import type { Slabs } from "../../backends/mock/slabs.ts";
import { machineState } from "../../backends/mock/xen.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { ArgumentRangeError } from "../../src/contract/argument_error.ts";
import { debugCore } from "../support/debug_core.ts";
import { grantError } from "../support/grant_error.ts";

/** Domain 1, which is saved and restored, and its peer, domain 0. */
function sides(options?: MockXenOptions) {
  const xen = new MockXen(options);
  const domain = xen.domain(1);
  const device = new GrantDevice(domain, { core: debugCore });
  return { xen, domain, device, allocator: device.open(), mapper: new GrantMapper(xen.domain(0)) };
}

describe("a domain that is saved and restored", () => {
  test("has another number", () => {
    const { xen, domain } = sides();
    domain.saveAndRestore();
    expect(domain.domid).toBe(2);
    expect(xen.domain(2)).toBe(domain);
    expect(xen.domain(1)).not.toBe(domain);
    xen.domain(3);
    domain.saveAndRestore();
    expect(domain.domid).toBe(4);
    domain.saveAndRestore({ domid: 0x7fef });
    domain.saveAndRestore();
    expect(domain.domid).toBe(2);
    expect(domain.destroyed).toBe(false);
    xen.assertClean();
  });

  test("needs a number that is free, is not domain 0, and exists", () => {
    const { xen, domain } = sides();
    expect(() => domain.saveAndRestore({ domid: 0 })).toThrow(
      new ArgumentRangeError(
        "Cannot save and restore a domain as `domid` must be a number that no domain has: current value is 0",
      ),
    );
    expect(() => domain.saveAndRestore({ domid: 1 })).toThrow(RangeError);
    expect(() => domain.saveAndRestore({ domid: 0x7ff0 })).toThrow(RangeError);
    expect(() => domain.saveAndRestore({ domid: "2" as unknown as number })).toThrow(TypeError);
    expect(() => xen.domain(0).saveAndRestore()).toThrow(
      new ArgumentRangeError("Cannot save and restore a domain: domain 0 cannot be saved. Save another domain."),
    );
    domain.destroy();
    expect(grantError(() => domain.saveAndRestore())).toMatchObject({
      code: "closed",
      message: "Cannot save and restore a domain: domain 1 was destroyed. Save it before it is destroyed.",
    });
  });

  test.for([{ memory: "buffers" }, { memory: "slabs" }, { profile: "linux-5.16" }] as const)(
    "keeps its pages, which nobody can map any more: %o",
    (options) => {
      const { xen, domain, allocator, device, mapper } = sides(options);
      const pages = allocator.allocate(0, { pages: 2, writable: true });
      const ours = pages.map();
      ours.bytes[0] = 7;
      domain.saveAndRestore();
      expect(grantError(() => mapper.map(1, pages.grefs))).toMatchObject({
        code: "map-refused",
        message: "Cannot map: there is no domain 1.",
      });
      expect(grantError(() => mapper.map(2, pages.grefs)).message).toBe(
        "Cannot map: domain 2 has no grant with reference 8.",
      );
      const from = { domid: 2, gref: pages.grefs[0]!, offset: 0 };
      expect(mapper.copy([{ from, to: new Uint8Array(1) }])).toEqual(["general_error"]);
      expect(ours.bytes[0]).toBe(7);
      expect(pages.map().read(0, 1)).toEqual(Uint8Array.of(7));
      expect(xen.inspect().domains.at(-1)).toMatchObject({ domid: 2, counted: 2 });
      expect(() => xen.assertClean()).toThrow(
        "domain 2 grants domain 0 pages by references 8 to 9, void since the domain was restored",
      );

      const next = allocator.allocate(0);
      expect([...next.grefs]).toEqual([10]);
      mapper.map(2, next.grefs).unmap();
      device.close();
    },
  );

  test.for([{ memory: "buffers" }, { memory: "slabs" }, { profile: "linux-5.16" }] as const)(
    "leaves the pages that a peer maps to it, under the old number: %o",
    (options) => {
      for (const unmapsFirst of [true, false]) {
        const { xen, domain, allocator, mapper } = sides(options);
        const pages = allocator.allocate(0, { pages: 2, writable: true });
        const theirs = mapper.map(1, [pages.grefs[0]!], { writable: true });
        theirs.bytes[0] = 5;
        domain.saveAndRestore();
        expect(xen.domain(1)).not.toBe(domain);
        expect(xen.domain(1).destroyed).toBe(true);
        theirs.bytes[1] = 6;
        const again = mapper.map(1, [pages.grefs[0]!]);
        expect(again.read(0, 2)).toEqual(Uint8Array.of(5, 6));
        again.unmap();
        for (const domid of [1, 2]) expect(grantError(() => mapper.map(domid, pages.grefs)).code).toBe("map-refused");
        const from = { domid: 1, gref: pages.grefs[1]!, offset: 0 };
        expect(mapper.copy([{ from, to: new Uint8Array(1) }])).toEqual(["bad_page"]);

        if (unmapsFirst) theirs.unmap();
        pages.free();
        expect(xen.inspect().domains.at(-1)).toMatchObject({ domid: 2, counted: 0, grants: [] });
        if (!unmapsFirst) expect(theirs.read(0, 2)).toEqual(Uint8Array.of(5, 6));
        theirs.unmap();
        expect(xen.domain(1).destroyed).toBe(false);
        xen.assertClean();
      }
    },
  );

  test("leaves what a peer maps of several domains to it, and can be saved again", () => {
    const { xen, domain, allocator, mapper } = sides();
    const pages = allocator.allocate(0);
    const others = new GrantDevice(xen.domain(5)).open().allocate(0);
    const theirs = mapper.mapGrants([
      { domid: 5, gref: others.grefs[0]! },
      { domid: 1, gref: pages.grefs[0]! },
    ]);
    domain.saveAndRestore();
    const next = allocator.allocate(0);
    const more = mapper.map(2, next.grefs);
    domain.saveAndRestore();
    expect(domain.domid).toBe(3);
    const mapped = xen.inspect().domains.find(({ domid }) => domid === 0)!.mappings.map((mapping) => mapping.pages);
    expect(mapped).toEqual([[{ domid: 5, gref: 8 }, { domid: 1, gref: 8 }], [{ domid: 2, gref: 9 }]]);
    more.unmap();
    theirs.unmap();
    others.free();
    pages.free();
    next.free();
    xen.assertClean();
  });

  test.for(["linux-6.1", "linux-5.16"] as const)("frees pages that were freed before: %s", (profile) => {
    const { xen, domain, device, allocator, mapper } = sides({ profile, limit: 1 });
    const pages = allocator.allocate(0);
    const theirs = mapper.map(1, pages.grefs);
    pages.free();
    expect(device.inspect().pending).toBe(profile === "linux-5.16" ? 1 : 0);
    domain.saveAndRestore();
    const next = allocator.allocate(0);
    expect(device.inspect().pending).toBe(0);
    next.free();
    theirs.unmap();
    xen.assertClean();
  });

  test.for(["linux-6.1", "linux-5.16"] as const)(
    "gives the memory of pages back that were freed before, once no peer maps them: %s",
    (profile) => {
      const { xen, domain, allocator, mapper } = sides({ profile, memory: "slabs", limit: Infinity });
      const memory = machineState(xen).memory as Slabs;
      // More than fit in a slab: they have one of their own, which is dropped with its last page.
      const pages = allocator.allocate(0, { pages: 4097 });
      const theirs = mapper.map(1, [pages.grefs[4096]!]);
      pages.free();
      expect(memory.size).toBe(1);
      domain.saveAndRestore();
      allocator.close();
      expect(memory.size).toBe(1);
      theirs.unmap();
      expect(memory.size).toBe(0);
      xen.assertClean();
    },
  );

  test("frees pages that a killed program left to a peer", () => {
    const { xen, domain, mapper } = sides({ profile: "linux-5.16" });
    const program = domain.process();
    const theirs = mapper.map(1, new GrantDevice(program).open().allocate(0).grefs);
    program.kill();
    domain.saveAndRestore();
    expect(xen.inspect().domains.at(-1)).toMatchObject({ domid: 2, counted: 0, grants: [] });
    theirs.unmap();
    xen.assertClean();
  });

  test("loses its mappings, without their unmap notifies", () => {
    const { xen, domain } = sides();
    const peer = new GrantDevice(xen.domain(0)).open();
    const pages = peer.allocate(1, { writable: true });
    const ours = pages.map();
    ours.bytes[0] = 1;
    const theirs = new GrantMapper(domain).map(0, pages.grefs, { writable: true });
    theirs.setUnmapNotify({ eventPort: new EventChannels(domain).bindUnbound(0).port });
    ours.unmap();
    domain.saveAndRestore();
    expect(theirs.bytes.length).toBe(0);
    theirs.unmap();
    expect(pages.map().read(0, 1)).toEqual(Uint8Array.of(1));
    expect(grantError(() => new GrantMapper(domain).map(0, pages.grefs)).message).toContain("granted to domain 1");
    peer.close();
  });

  test("cannot unmap a lost mapping while a notify clears a byte of it", () => {
    const { xen, domain, allocator } = sides();
    const theirs = [1, 2].map(() => {
      const pages = new GrantDevice(xen.domain(0)).open().allocate(1, { writable: true });
      const mapping = new GrantMapper(domain).map(0, pages.grefs, { writable: true });
      mapping.setUnmapNotify({ clearByte: 0 });
      return mapping;
    });
    domain.saveAndRestore();
    expect(grantError(() => theirs[0]!.unmap())).toMatchObject({
      code: "backend-failed",
      message:
        "Cannot unmap: the pages were mapped before the domain, 2 now, was restored, and Linux's kernel crashes " +
        "here. An unmap notify clears a byte. Call `setUnmapNotify({})` of a lost mapping before `unmap()`: here it is too late.",
    });
    theirs[1]!.setUnmapNotify({});
    theirs[1]!.unmap();
    allocator.close();
  });

  test.for(["frees the page", "cancels the notify"])(
    "loses a new port when it %s after it bound the number that an unmap notify names",
    async (how) => {
      for (const bindsFirst of [true, false]) {
        const { xen, domain, allocator } = sides();
        const channel = new EventChannels(domain).bindUnbound(0);
        const pages = allocator.allocate(0, { writable: true });
        pages.setUnmapNotify({ clearByte: 0, eventPort: channel.port });
        domain.saveAndRestore();
        const events = new EventChannels(domain);
        const release = () => how === "frees the page" ? pages.free() : pages.setUnmapNotify({});
        if (!bindsFirst) release();
        const next = events.bindUnbound(0);
        expect(next.port).toBe(channel.port);
        using theirEvents = new EventChannels(xen.domain(0));
        const theirs = theirEvents.bindInterdomain(2, next.port);
        await theirs.wait();
        if (bindsFirst) release();
        expect(theirs.poll()).toBe(bindsFirst && how === "frees the page");

        theirs.notify();
        expect(next.poll()).toBe(!bindsFirst);
        if (bindsFirst) expect(grantError(() => next.unbind()).code).toBe("backend-failed");
        else next.unbind();
      }
    },
  );

  test("hears and sends nothing on its old ports", async () => {
    const { xen, domain } = sides();
    const events = new EventChannels(domain);
    const channel = events.bindUnbound(0);
    const virq = events.bindVirq(3);
    const peer = new EventChannels(xen.domain(0));
    const theirs = peer.bindInterdomain(1, channel.port);
    await theirs.wait();
    theirs.notify();
    domain.saveAndRestore();

    // This event came before.
    expect(channel.poll()).toBe(true);
    theirs.notify();
    channel.notify();
    domain.raiseVirq(3);
    expect([channel.poll(), virq.poll(), theirs.poll()]).toEqual([false, false, false]);
    await expect(channel.wait({ timeout: 10 })).rejects.toThrow("no event arrived");
    expect(grantError(() => new EventChannels(domain).bindInterdomain(0, theirs.port)).message).toContain(
      "is for domain 1, and this is domain 2",
    );
    peer.close();
  });

  test("cannot unbind its old ports", async () => {
    const { xen, domain } = sides();
    const events = new EventChannels(domain);
    const channel = events.bindUnbound(0);
    domain.saveAndRestore();

    using others = new EventChannels(domain);
    const next = others.bindUnbound(0);
    expect(next.port).toBe(channel.port);
    using peer = new EventChannels(xen.domain(0));
    const theirs = peer.bindInterdomain(2, next.port);
    await theirs.wait();
    next.notify();
    await theirs.wait();
    // By its number, this is the new port.
    channel.notify();
    await theirs.wait();

    const waiting = channel.wait();
    const unbound = grantError(() => channel.unbind());
    await expect(waiting).rejects.toThrow("was unbound");
    expect(unbound).toMatchObject({
      code: "backend-failed",
      operation: "unbind",
      message:
        "Cannot unbind: port 1 was bound before the domain, 2 now, was restored, and Linux's kernel crashes here. " +
        "Close event channels before the domain is saved. After it was restored, leave them open, and bind in " +
        "new ones.",
    });
    expect(grantError(() => events.close())).toMatchObject({ code: "backend-failed", operation: "close" });
    next.unbind();
    theirs.unbind();
    expect(() => xen.assertClean()).toThrow("domain 2 has port 1 bound, void since the domain was restored");
  });

  test("forgets all ports of a file that is to bind a number that the file has", async () => {
    const { xen, domain } = sides();
    const program = domain.process();
    const events = new EventChannels(program);
    const [first, old] = [events.bindUnbound(0), events.bindUnbound(0)];
    first.unbind();
    domain.saveAndRestore();
    const live = events.bindUnbound(0);
    expect(live.port).toBe(first.port);
    using peer = new EventChannels(xen.domain(0));
    const theirs = peer.bindInterdomain(2, live.port);
    theirs.notify();
    await live.wait();
    expect(live.poll()).toBe(false);

    expect(grantError(() => events.bindUnbound(0))).toMatchObject({
      code: "port-refused",
      errno: 17,
      message: "Cannot bind an event channel: these have a port 2 from before the domain, 2 now, was restored, and " +
        "Linux's driver has forgotten all their ports. Bind in new `EventChannels`.",
    });
    for (const channel of [live, old]) {
      expect(grantError(() => channel.notify())).toMatchObject({ code: "port-refused", errno: 107 });
    }
    // Events still arrive, until the first one is taken: nothing unmasks the port any more.
    theirs.notify();
    await live.wait();
    theirs.notify();
    expect(live.poll()).toBe(false);
    await expect(live.wait({ timeout: 10 })).rejects.toThrow("no event arrived");
    for (const channel of [live, old]) {
      expect(grantError(() => channel.unbind())).toMatchObject({ code: "port-refused", errno: 107 });
    }

    // The number of the old port is free, and nothing crashes any more. Nobody unbinds the live port.
    expect(events.bindUnbound(0).port).toBe(old.port);
    events.close();
    program.kill();
    expect(xen.inspect().domains.at(-1)!.ports).toMatchObject([{ port: live.port, process: 1, voided: false }]);
    theirs.notify();
    domain.destroy();
    peer.close();
    xen.assertClean();
  });

  test("gets no event from a bind that is refused because the file has the number", async () => {
    const { xen, domain } = sides();
    const events = new EventChannels(domain);
    const old = events.bindUnbound(0);
    domain.saveAndRestore();
    const peer = new EventChannels(xen.domain(0));
    const theirs = peer.bindUnbound(2);
    const waiting = old.wait({ timeout: 10 });
    expect(grantError(() => events.bindInterdomain(0, theirs.port))).toMatchObject({ code: "port-refused", errno: 17 });
    await expect(waiting).rejects.toThrow("no event arrived");
    expect(old.poll()).toBe(false);
    // The other end is free again.
    using others = new EventChannels(domain);
    await others.bindInterdomain(0, theirs.port).wait();
    peer.close();
  });

  test("keeps the void ports of a program that is killed, and what it had is gone with the domain", () => {
    const { xen, domain } = sides();
    const program = domain.process();
    const events = new EventChannels(program);
    events.bindUnbound(0);
    new GrantDevice(program).open().allocate(0);
    domain.saveAndRestore();
    program.kill();
    expect(xen.inspect().domains.at(-1)).toMatchObject({ counted: 0, grants: [], ports: [{ port: 1, process: 1 }] });
    events.close();
    domain.destroy();
    xen.assertClean();
  });

  test("has all numbers of ports and all virtual interrupts again", () => {
    const { xen, domain } = sides({ eventChannels: 1 });
    new EventChannels(domain).bindVirq(3);
    domain.saveAndRestore();
    using events = new EventChannels(domain);
    expect(events.bindVirq(3).port).toBe(1);
    expect(xen.inspect().domains.at(-1)!.ports.map(({ port, virq, voided }) => [port, virq, voided])).toEqual([
      [1, 3, false],
      [1, 3, true],
    ]);
  });

  test("that closes everything before leaves nothing behind", () => {
    const { xen, domain, device, mapper } = sides();
    const run = () => {
      using events = new EventChannels(domain);
      using allocator = device.open();
      using pages = allocator.allocate(0);
      events.bindUnbound(0);
      mapper.map(domain.domid, pages.grefs).unmap();
    };
    run();
    domain.saveAndRestore();
    run();
    xen.assertClean();
  });
});
