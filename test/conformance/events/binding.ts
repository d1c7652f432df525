import { EventChannels } from "../../../mod.ts";
import { assert, assertEquals, assertRefused, assertThrows } from "../asserts.ts";
import { NOT_WHOLE, WRONG_TYPES } from "../grants/arguments.ts";
import type { EventsTests } from "./setup.ts";
import { assertNoEvent, nextEvent } from "../timing.ts";

/** One of Xen's own events that nobody needs: `VIRQ_ARCH_4` of its public headers. */
const SPARE_VIRQ = 20;
/** `VIRQ_TIMER`, which many kernels have themselves. */
const TIMER = 0;
/** No domain has this domid. */
const ABSENT = 0x7fef;

/** Binding and unbinding. */
export const binding: EventsTests = {
  "have ports of their own"({ events, another, target }) {
    const others = another();
    const channels = [1, 2, 3].flatMap(
      () => [events.bindUnbound(target.peerDomid), others.bindUnbound(target.peerDomid)],
    );
    assertEquals(new Set(channels.map(({ port }) => port)).size, 6);
    for (const { port, closed } of channels) {
      assert(Number.isInteger(port) && port > 0 && port < 2 ** 17, `a port is from 1 to 131071: ${port}`);
      assertEquals(closed, false);
    }
  },
  async "begin with an event where they are bound to another one, and only there"({ events, peerEvents, target }) {
    const ours = events.bindUnbound(target.peerDomid);
    const theirs = peerEvents.bindInterdomain(target.domid, ours.port);
    await nextEvent(theirs);
    await assertNoEvent(theirs);
    await assertNoEvent(ours);
  },
  "may be for a domain that is not there, unless Xen's policy refuses it"({ events, target }) {
    if (target.absentPeers ?? true) events.bindUnbound(ABSENT).unbind();
    else assertRefused(() => events.bindUnbound(ABSENT), "port-refused");
  },
  async "bind to a port of the other side once, and again when the first is unbound"({ events, peerEvents, target }) {
    const ours = events.bindUnbound(target.peerDomid);
    const first = peerEvents.bindInterdomain(target.domid, ours.port);
    assertRefused(() => peerEvents.bindInterdomain(target.domid, ours.port), "port-refused");
    first.unbind();
    const second = peerEvents.bindInterdomain(target.domid, ours.port);
    await nextEvent(second);
    ours.notify();
    await nextEvent(second);
    second.notify();
    await nextEvent(ours);
  },
  "are refused where there is no such port, or it is not meant for this domain"({ events, peerEvents, target }) {
    const { port } = events.bindUnbound(target.absentPeers ?? true ? target.peerDomid + 77 : target.peerDomid);
    if (target.absentPeers ?? true) {
      assertRefused(() => peerEvents.bindInterdomain(target.domid, port), "port-refused");
    }
    assertRefused(() => peerEvents.bindInterdomain(target.domid, 131_071), "port-refused");
    assertRefused(() => peerEvents.bindInterdomain(target.domid, 0), "port-refused");
    assertRefused(() => peerEvents.bindInterdomain(ABSENT, port), "port-refused");
    const gone = events.bindUnbound(target.peerDomid);
    gone.unbind();
    assertRefused(() => peerEvents.bindInterdomain(target.domid, gone.port), "port-refused");
  },
  async "are made for Xen's own events, each number once"({ events, another, target }) {
    const channel = events.bindVirq(SPARE_VIRQ);
    assertRefused(() => events.bindVirq(SPARE_VIRQ), "port-refused");
    assertRefused(() => another().bindVirq(SPARE_VIRQ), "port-refused");
    if (target.timerBound ?? true) assertRefused(() => events.bindVirq(TIMER), "port-refused");
    else events.bindVirq(TIMER).unbind();
    channel.notify(); // which nobody gets
    await assertNoEvent(channel);
    channel.unbind();
    events.bindVirq(SPARE_VIRQ).unbind();
  },
  "can be unbound, more than once"({ events, target }) {
    const channel = events.bindUnbound(target.peerDomid);
    channel.unbind();
    channel.unbind();
    channel[Symbol.dispose]();
    assertEquals(channel.closed, true);
    assertRefused(() => channel.notify(), "closed");
  },
  "give their ports back"({ events, target }) {
    const used = new Set<number>();
    for (let round = 0; round < 300; round++) {
      const channel = events.bindUnbound(target.peerDomid);
      used.add(channel.port);
      channel.unbind();
    }
    assert(used.size < 20, `${used.size} ports were used for one channel at a time`);
  },
  async "are all closed at once"({ events, peerEvents, another, target }) {
    const [first, second] = [events.bindUnbound(target.peerDomid), events.bindUnbound(target.peerDomid)];
    const theirs = peerEvents.bindInterdomain(target.domid, first.port);
    await nextEvent(theirs);
    events.close();
    events.close();
    events[Symbol.dispose]();
    assertEquals([first.closed, second.closed], [true, true]);
    first.unbind();
    assertRefused(() => first.notify(), "closed");
    assertRefused(() => events.bindUnbound(target.peerDomid), "closed");
    assertRefused(() => events.bindVirq(SPARE_VIRQ), "closed");
    // The other end stays, and nobody hears it.
    theirs.notify();
    await assertNoEvent(theirs);
    assertRefused(() => another(true).bindInterdomain(target.domid, first.port), "port-refused");
  },
  "have arguments that are checked"({ events }) {
    const numbers: [name: string, values: number[], bind: (value: number) => unknown][] = [
      ["`domid`", [0x7ff0, 65_536], (domid) => events.bindUnbound(domid)],
      ["`domid`", [0x7ff0, 65_536], (domid) => events.bindInterdomain(domid, 1)],
      ["`remotePort`", [131_072], (port) => events.bindInterdomain(0, port)],
      ["`virq`", [24], (virq) => events.bindVirq(virq)],
    ];
    for (const [name, values, bind] of numbers) {
      for (const value of WRONG_TYPES) assertThrows(() => bind(value), TypeError, name);
      for (const value of [...NOT_WHOLE, ...values]) assertThrows(() => bind(value), RangeError, name, `${value}`);
    }
    for (const backend of [null, {}, 5]) {
      assertThrows(() => new EventChannels({ events: backend as never }), TypeError, "domain()");
    }
  },
  async "are listed by `inspect()`, with those who wait"({ events, target }) {
    const [first, second] = [events.bindUnbound(target.peerDomid), events.bindUnbound(target.peerDomid)];
    assertEquals(events.inspect().ports, [first.port, second.port]);
    const waits = Promise.allSettled([first.wait(), first.wait(), second.wait()]);
    assertEquals([events.inspect().waiting, events.closed], [3, false]);
    first.unbind();
    assertEquals(events.inspect().ports, [second.port]);
    assertEquals(events.inspect().waiting, 1);
    events.close();
    assertEquals([events.inspect().ports.length, events.inspect().waiting], [0, 0]);
    assertEquals(events.closed, true);
    assertEquals((await waits).map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  },
};
