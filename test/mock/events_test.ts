/** Event channels of the simulated Xen, beyond the conformance suite. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { type EventChannel, EventChannels, GrantDevice, GrantMapper } from "../../mod.ts";

/** Event channels of domains 1 and 0. */
function sides(xen: MockXen) {
  return {
    ours: new EventChannels(xen.domain(1)),
    theirs: new EventChannels(xen.domain(0)),
  };
}

/** Lets all events arrive that were sent. */
const turns = () => sleep(5);

const refusal = (errno: number) => expect.objectContaining({ code: "port-refused", operation: "bind", errno });

describe("a port of the mock", () => {
  test("is the lowest free one of its domain, starting at 1, as on Xen", () => {
    const { ours, theirs } = sides(new MockXen());
    const channels = [1, 2, 3, 4].map(() => ours.bindUnbound(0));
    expect(channels.map(({ port }) => port)).toEqual([1, 2, 3, 4]);
    channels[2]!.unbind();
    channels[1]!.unbind();
    expect([1, 2, 3].map(() => ours.bindUnbound(0).port)).toEqual([2, 3, 5]);
    expect(theirs.bindUnbound(1).port).toBe(1);
  });

  test("is refused for the reasons that Xen has", () => {
    const xen = new MockXen();
    const { ours, theirs } = sides(xen);
    const { port } = ours.bindUnbound(2);
    expect(() => theirs.bindInterdomain(1, port)).toThrow("port 1 of domain 1 is for domain 2, and this is domain 0");
    expect(() => theirs.bindInterdomain(1, 7)).toThrow("domain 1 has no port 7");
    expect(() => theirs.bindInterdomain(1, 7)).toThrow(refusal(22));
    expect(() => theirs.bindInterdomain(5, 1)).toThrow("there is no domain 5");
    expect(() => theirs.bindInterdomain(5, 1)).toThrow(refusal(3));
    const virq = ours.bindVirq(3);
    expect(() => theirs.bindInterdomain(1, virq.port)).toThrow(
      "port 2 of domain 1 is for VIRQ 3, and this is domain 0",
    );
    expect(() => ours.bindVirq(3)).toThrow("VIRQ 3 is bound to port 2 of domain 1");
    expect(() => ours.bindVirq(1)).toThrow("the kernel of domain 1 uses VIRQ 1 itself");
    expect(() => ours.bindVirq(3)).toThrow(refusal(17));
    expect(theirs.bindVirq(3).port).toBe(1);
  });

  test("is refused beyond the limit, until another one is unbound", () => {
    const xen = new MockXen({ eventChannels: 3 });
    const { ours, theirs } = sides(xen);
    const first = [1, 2, 3].map(() => ours.bindUnbound(0))[0]!;
    expect(() => ours.bindUnbound(0)).toThrow("domain 1 has 3 event channels, its maximum");
    expect(() => ours.bindVirq(3)).toThrow(refusal(28));
    const spare = theirs.bindUnbound(1);
    expect(() => ours.bindInterdomain(0, spare.port)).toThrow(refusal(28));
    first.unbind();
    // The refusal did not change the other end.
    expect(ours.bindInterdomain(0, spare.port).port).toBe(1);
    for (const eventChannels of [0, 131_072, 1.5]) expect(() => new MockXen({ eventChannels })).toThrow(RangeError);
    expect(() => new MockXen({ eventChannels: "5" as unknown as number })).toThrow(TypeError);
  });

  test("is bound and unbound in constant time, up to 131,071 of them", () => {
    const xen = new MockXen({ eventChannels: 131_071 });
    const { ours } = sides(xen);
    let last = 0;
    for (let count = 0; count < 131_071; count++) last = ours.bindUnbound(0).port;
    expect(last).toBe(131_071);
    expect(() => ours.bindUnbound(0)).toThrow(refusal(28));
    ours.close();
    xen.assertClean();
  });
});

describe("an event of the mock", () => {
  /** Records names in the order in which they are noted. */
  function log() {
    const order: string[] = [];
    return { order, note: (name: string) => (): number => order.push(name) };
  }

  test("wakes a waiter in a turn of the event loop of its own: after the code that sends it and its microtasks", async () => {
    const { ours, theirs } = sides(new MockXen());
    const channel = ours.bindUnbound(0);
    const peer = theirs.bindInterdomain(1, channel.port);
    const { order, note } = log();
    const wait = channel.wait().then(note("event"));
    peer.notify();
    for (let microtask = 0; microtask < 100; microtask++) await null;
    order.push("sent");
    await wait;
    expect(order).toEqual(["sent", "event"]);
  });

  test("wakes nobody if its port is unbound first; the next event wakes", async () => {
    const { ours, theirs } = sides(new MockXen());
    const [first, second] = [ours.bindUnbound(0), ours.bindUnbound(0)];
    const [peer, other] = [first, second].map(({ port }) => theirs.bindInterdomain(1, port));
    let woken = false;
    const wait = second.wait().then(() => woken = true);
    peer!.notify();
    first.unbind();
    await turns();
    expect(woken).toBe(false);
    other!.notify();
    await wait;
  });

  test("leaves timers and I/O their turns, even if two sides answer each other for ever", async () => {
    const xen = new MockXen();
    const server = xen.domain(1).process();
    const channel = new EventChannels(server).bindUnbound(0);
    const peer = new EventChannels(xen.domain(0)).bindInterdomain(1, channel.port);
    const signal = AbortSignal.timeout(50);
    const talk = async (side: EventChannel) => {
      for await (const _ of side.events({ signal })) side.notify();
    };
    setTimeout(() => server.kill(), 10);
    const file = readFile(new URL(import.meta.url));
    const serving = talk(channel);
    await expect(talk(peer)).rejects.toMatchObject({ name: "TimeoutError" });
    await expect(serving).rejects.toMatchObject({ name: "TimeoutError" });
    expect(server.killed).toBe(true);
    expect((await file).length).toBeGreaterThan(0);
  });

  test("wakes in the order of events, then in the order of waiters", async () => {
    const { ours, theirs } = sides(new MockXen());
    const channels = [1, 2, 3].map(() => ours.bindUnbound(0));
    const peers = channels.map(({ port }) => theirs.bindInterdomain(1, port));
    const { order, note } = log();
    const waits = channels.flatMap((channel, index) => [
      channel.wait().then(note(`${index} first`)),
      channel.wait().then(note(`${index} second`)),
    ]);
    for (const index of [2, 0, 1]) peers[index]!.notify();
    await Promise.all(waits);
    expect(order).toEqual(["2 first", "2 second", "0 first", "0 second", "1 first", "1 second"]);
  });

  test("arrives once more after the one that waits to be taken, however many are sent", async () => {
    const { ours, theirs } = sides(new MockXen());
    const channel = ours.bindUnbound(0);
    const peer = theirs.bindInterdomain(1, channel.port);
    for (let round = 0; round < 5; round++) peer.notify();
    await channel.wait();
    await channel.wait();
    await expect(channel.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
  });

  test("is taken by `pending()`, which masks its port until `unmask()`", () => {
    const xen = new MockXen();
    const [file, other] = [xen.domain(1).events.open(), xen.domain(0).events.open()];
    const port = file.bindUnbound(0);
    const remote = other.bindInterdomain(1, port);
    expect(other.pending()).toEqual([remote]);
    expect(file.pending()).toEqual([]);
    other.notify(remote);
    expect(file.pending()).toEqual([port]);
    other.notify(remote);
    expect(file.pending()).toEqual([]);
    file.unmask(port);
    expect(file.pending()).toEqual([port]);
    file.unmask(port);
    expect(file.pending()).toEqual([]);
    file.unbind(port);
    other.notify(remote);
    expect(() => file.notify(port)).toThrow(expect.objectContaining({ code: "port-refused", errno: 107 }));
  });

  test("of a virtual interrupt is raised by `raiseVirq()`, in that domain only", async () => {
    const xen = new MockXen();
    const { ours, theirs } = sides(xen);
    const [channel, other] = [ours.bindVirq(3), theirs.bindVirq(3)];
    xen.domain(1).raiseVirq(3);
    xen.domain(1).raiseVirq(4);
    await channel.wait();
    await expect(other.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
    expect(() => xen.domain(1).raiseVirq(24)).toThrow(RangeError);
    expect(() => xen.domain(1).raiseVirq("3" as unknown as number)).toThrow(TypeError);
  });
});

describe("a domain that is destroyed", () => {
  test("ends its channels: its waits never settle, the other end is unbound without an event", async () => {
    const xen = new MockXen();
    const { ours, theirs } = sides(xen);
    const channel = ours.bindUnbound(0);
    const peer = theirs.bindInterdomain(1, channel.port);
    await peer.wait();
    const seen: unknown[] = [];
    const see = (waiting: Promise<unknown>) => waiting.then((value) => seen.push(value), (error) => seen.push(error));
    see(channel.wait());
    see(channel.events().next());
    xen.domain(1).destroy();
    see(channel.wait());
    await turns();
    expect(seen).toEqual([]);
    expect(() => channel.notify()).toThrow("domain 1 was destroyed");
    expect(() => ours.bindUnbound(0)).toThrow(expect.objectContaining({ code: "closed" }));
    peer.notify();
    await expect(peer.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
    // A new domain with the same number can bind to the remaining end. The old domain cannot disturb it.
    const again = new EventChannels(xen.domain(1)).bindInterdomain(0, peer.port);
    again.notify();
    await peer.wait();
    channel.unbind();
    ours.close();
    expect(again.closed).toBe(false);
    again.unbind();
    theirs.close();
    xen.assertClean();
  });

  test("fires none of its unmap notifies, as its kernel no longer runs", async () => {
    const xen = new MockXen();
    const { ours, theirs } = sides(xen);
    const channel = ours.bindUnbound(0);
    const peer = theirs.bindInterdomain(1, channel.port);
    await peer.wait();
    const granted = new GrantDevice(xen.domain(1)).open().allocate(0, { writable: true });
    const mapper = new GrantMapper(xen.domain(0));
    const theirView = mapper.map(1, granted.grefs, { writable: true });
    theirView.bytes.fill(1);
    granted.setUnmapNotify({ clearByte: 0, eventPort: channel.port });
    const lent = new GrantDevice(xen.domain(0)).open().allocate(1, { writable: true });
    const lentView = lent.map();
    const ourView = new GrantMapper(xen.domain(1)).map(0, lent.grefs, { writable: true });
    ourView.bytes[0] = 1;
    ourView.setUnmapNotify({ clearByte: 0, eventPort: channel.port });
    xen.domain(1).destroy();
    expect([theirView.bytes[0], lentView.bytes[0]]).toEqual([1, 1]);
    await expect(peer.wait({ signal: AbortSignal.timeout(10) })).rejects.toThrow();
    for (const view of [theirView, lentView, ourView]) view.unmap();
    lent.free();
    peer.unbind();
    xen.assertClean();
  });
});

test("`assertClean()` names bound ports, also those that only an unmap notify holds", () => {
  const xen = new MockXen();
  const { ours } = sides(xen);
  const channel = ours.bindUnbound(0);
  expect(() => xen.assertClean()).toThrow("domain 1 has port 1 bound");
  const device = new GrantDevice(xen.domain(1));
  const pages = device.open().allocate(0);
  pages.setUnmapNotify({ eventPort: channel.port });
  channel.unbind();
  expect(() => xen.assertClean()).toThrow("domain 1 has port 1 bound");
  // No other channel gets its number meanwhile.
  expect(ours.bindUnbound(0).port).toBe(2);
  pages.setUnmapNotify({});
  expect(ours.bindUnbound(0).port).toBe(1);
  ours.close();
  device.close();
  xen.assertClean();
});
