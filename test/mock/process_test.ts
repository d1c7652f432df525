/** Processes of the simulated Xen that are killed: what the kernel does for them, and what others see of it. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type MockProfile, MockXen } from "../../backends/mock.ts";
import { machineState } from "../../backends/mock/xen.ts";
import { EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";
import { debugCore } from "../support/debug_core.ts";

const closed = expect.objectContaining({ code: "closed" });

/** A process of domain 1, and one that survives it in domain 0. */
function processes(profile: MockProfile = "linux-6.1") {
  const xen = new MockXen({ profile });
  const process = xen.domain(1).process();
  const survivor = xen.domain(0).process();
  return {
    xen,
    process,
    device: new GrantDevice(process, { core: debugCore }),
    mapper: new GrantMapper(process),
    events: new EventChannels(process),
    theirs: {
      device: new GrantDevice(survivor, { core: debugCore }),
      mapper: new GrantMapper(survivor),
      events: new EventChannels(survivor),
    },
  };
}

describe("`kill()`", () => {
  test("fires the notify of a page: clears the byte, sends the event, ends access", async () => {
    const { xen, process, device, events, theirs } = processes();
    const channel = events.bindUnbound(0);
    const peer = theirs.events.bindInterdomain(1, channel.port);
    await peer.wait();
    const pages = device.open().allocate(0, { pages: 2, writable: true });
    pages.setUnmapNotify({ clearByte: 9, eventPort: channel.port }, 1);
    const ours = pages.map();
    const view = theirs.mapper.map(1, [pages.grefs[1]!], { writable: true });
    view.bytes[9] = 1;
    const seen: number[] = [];
    const wait = peer.wait().then(() => seen.push(view.bytes[9]!));
    process.kill();
    expect(process.killed).toBe(true);
    await wait;
    expect(seen).toEqual([0]);
    expect(() => theirs.mapper.map(1, [pages.grefs[0]!])).toThrow(expect.objectContaining({ code: "map-refused" }));
    // The peer keeps what it has mapped, and gets no further event.
    view.bytes[9] = 2;
    await expect(peer.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
    view.unmap();
    expect(() => theirs.mapper.map(1, [pages.grefs[1]!])).toThrow(expect.objectContaining({ code: "map-refused" }));
    peer.unbind();
    ours.unmap();
    xen.assertClean();
  });

  test("leaves pages that a peer maps to nobody", () => {
    const { xen, process, device, theirs } = processes();
    const pages = device.open().allocate(0);
    const view = theirs.mapper.map(1, pages.grefs);
    const grantsOf1 = () => xen.inspect().domains.find(({ domid }) => domid === 1)!.grants;
    expect(grantsOf1()).toMatchObject([{ process: 1, held: false }]);
    process.kill();
    expect(grantsOf1()).toMatchObject([{ process: undefined, held: true }]);
    view.unmap();
  });

  test("ends its mappings, and fires their notifies once", async () => {
    const { xen, process, mapper, events, theirs } = processes();
    const channel = theirs.events.bindUnbound(1);
    const peer = events.bindInterdomain(0, channel.port);
    const pages = theirs.device.open().allocate(1, { writable: true });
    const ours = pages.map();
    const view = mapper.map(0, pages.grefs, { writable: true });
    view.bytes[5] = 1;
    view.setUnmapNotify({ clearByte: 5, eventPort: peer.port });
    pages.free();
    process.kill();
    expect(ours.bytes[5]).toBe(0);
    await channel.wait();
    ours.bytes[5] = 1;
    process.kill();
    view.unmap();
    mapper.close();
    expect(ours.bytes[5]).toBe(1);
    await expect(channel.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
    ours.unmap();
    theirs.events.close();
    xen.assertClean();
  });

  test("unbinds its ports, and the other end can be bound again", async () => {
    const { xen, process, events, theirs } = processes();
    const channel = events.bindUnbound(0);
    const peer = theirs.events.bindInterdomain(1, channel.port);
    await peer.wait();
    process.kill();
    peer.notify();
    await expect(peer.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
    const next = new EventChannels(xen.domain(1).process());
    const again = next.bindInterdomain(0, peer.port);
    again.notify();
    await peer.wait();
    // The dead process cannot disturb the one that has its port now.
    expect(again.port).toBe(channel.port);
    channel.unbind();
    events.close();
    again.notify();
    await peer.wait();
    next.close();
    theirs.events.close();
    xen.assertClean();
  });

  test("lets none of the program's code run: its waits and iterations never settle, begun before or after", async () => {
    const { process, events, theirs } = processes();
    const [channel, other] = [events.bindUnbound(0), events.bindUnbound(0)];
    const peer = theirs.events.bindInterdomain(1, channel.port);
    await peer.wait();
    const seen: unknown[] = [];
    const see = (wait: Promise<unknown>) => void wait.then((value) => seen.push(value), (error) => seen.push(error));
    // One whose event arrives before the kill, and was not delivered yet.
    see(channel.wait());
    see(other.events().next());
    peer.notify();
    process.kill();
    see(channel.wait());
    see(channel.events().next());
    await sleep(20);
    expect(seen).toEqual([]);
    expect(() => channel.poll()).toThrow(closed);
    expect(() => other.notify()).toThrow(closed);
    // A signal and a timeout are the program's own, and end its waits.
    await expect(channel.wait({ timeout: 5 })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("makes the devices of the process refuse everything, and its clean-up change nothing", () => {
    const { xen, process, device, mapper, events } = processes();
    const allocator = device.open();
    const pages = allocator.allocate(0, { pages: 3 });
    const ours = pages.map();
    const channel = events.bindUnbound(0);
    mapper.copy([{ from: Uint8Array.of(1), to: { domid: 1, gref: 8 } }]);
    process.kill();
    for (
      const action of [
        () => allocator.allocate(0),
        () => pages.map(),
        () => pages.setUnmapNotify({}),
        () => device.open(),
        () => mapper.map(1, pages.grefs),
        () => mapper.copy([{ from: Uint8Array.of(1), to: { domid: 1, gref: 8 } }]),
        () => events.bindUnbound(0),
        () => channel.notify(),
        () => new GrantMapper(process).map(1, [8]),
        () => new EventChannels(process).bindUnbound(0),
      ]
    ) expect(action).toThrow(closed);
    expect(() => allocator.allocate(0)).toThrow("this process of domain 1 was killed");
    xen.assertClean();
    // Another process gets the same references and port.
    const next = xen.domain(1).process();
    const others = new GrantDevice(next).open().allocate(0, { pages: 3 });
    const other = new EventChannels(next).bindUnbound(0);
    expect([[...others.grefs].sort(), other.port]).toEqual([[...pages.grefs].sort(), channel.port]);
    ours.unmap();
    pages.free();
    device.close();
    channel.unbind();
    events.close();
    mapper.close();
    expect(device.inspect()).toMatchObject({ live: 0, mapped: 0, pending: 0 });
    expect(() => new GrantMapper(xen.domain(0)).map(1, others.grefs).unmap()).not.toThrow();
    other.notify();
    next.kill();
    xen.assertClean();
  });

  test("leaves other processes of the domain alone", () => {
    const { xen, process, device, theirs } = processes();
    const other = new GrantDevice(xen.domain(1), { core: debugCore });
    const dead = device.open().allocate(0, { pages: 2 });
    const alive = other.open().allocate(0, { pages: 2 });
    process.kill();
    theirs.mapper.map(1, alive.grefs).unmap();
    expect(() => theirs.mapper.map(1, dead.grefs)).toThrow(expect.objectContaining({ code: "map-refused" }));
    expect(xen.domain(1).destroyed).toBe(false);
    other.close();
    xen.assertClean();
  });

  for (const [profile, counted] of [["linux-5.16", "count"], ["linux-6.1", "do not count"]] as const) {
    test(`leaves held pages to the driver of ${profile}: they ${counted} until the peer unmaps them`, () => {
      const { xen, process, device, theirs } = processes(profile);
      const domain = xen.domain(1);
      const { table } = machineState(xen).domain(1);
      domain.limit = 4;
      const pages = device.open().allocate(0, { pages: 4 });
      const view = theirs.mapper.map(1, pages.grefs.slice(1, 3));
      process.kill();
      const other = new GrantDevice(domain, { limit: Infinity, core: debugCore });
      const allocator = other.open();
      const room = profile === "linux-5.16" ? 2 : 4;
      expect(() => allocator.allocate(0, { pages: room + 1 })).toThrow(
        expect.objectContaining({ code: "kernel-limit-reached" }),
      );
      allocator.allocate(0, { pages: room }).free();
      view.unmap();
      expect(table.used).toBe(profile === "linux-5.16" ? 2 : 0);
      allocator.allocate(0, { pages: 4 }).free();
      expect(table.used).toBe(0);
      other.close();
      xen.assertClean();
    });
  }

  test("fires no notify twice: of a page that was freed before, nor of one that the process itself maps", async () => {
    const { xen, process, device, mapper, events, theirs } = processes();
    const channel = events.bindUnbound(0);
    const peer = theirs.events.bindInterdomain(1, channel.port);
    await peer.wait();
    const allocator = device.open();
    const [freed, own] = [allocator.allocate(0, { writable: true }), allocator.allocate(1, { writable: true })];
    const view = theirs.mapper.map(1, freed.grefs, { writable: true });
    freed.setUnmapNotify({ clearByte: 1, eventPort: channel.port });
    freed.free();
    await peer.wait();
    view.bytes[1] = 1;
    const mine = mapper.map(1, own.grefs, { writable: true });
    mine.setUnmapNotify({ clearByte: 0, eventPort: channel.port });
    own.setUnmapNotify({ clearByte: 0 });
    process.kill();
    expect(view.bytes[1]).toBe(1);
    await peer.wait();
    view.unmap();
    theirs.events.close();
    xen.assertClean();
  });
});

describe("`process()`", () => {
  test("is refused once the domain was destroyed, which ends its processes but kills none", () => {
    const { xen, process, device } = processes();
    const domain = xen.domain(1);
    const allocator = device.open();
    domain.destroy();
    expect(() => domain.process()).toThrow(closed);
    expect(() => allocator.allocate(0)).toThrow("domain 1 was destroyed");
    process.kill();
    expect(process.killed).toBe(false);
    xen.assertClean();
  });
});

test("the one page that a killed program left to a peer is free for the next allocation once it is unmapped", () => {
  const xen = new MockXen({ profile: "linux-5.16", limit: 1 });
  const program = xen.domain(1).process();
  const { grefs } = new GrantDevice(program).open().allocate(0);
  const theirs = new GrantMapper(xen.domain(0)).map(1, grefs);
  program.kill();
  const device = new GrantDevice(xen.domain(1), { limit: 8 });
  const allocator = device.open();
  expect(() => allocator.allocate(0)).toThrow(expect.objectContaining({ code: "kernel-limit-reached" }));
  theirs.unmap();
  allocator.allocate(0);
  device.close();
  xen.assertClean();
});
