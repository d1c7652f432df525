/** The suites of mappers and event channels through recorders and faults: nothing changes, and a replay finds no difference. */
import { describe, expect, test } from "vitest";
import type { EventBackend } from "../../src/contract/backend.ts";
import { Faults } from "../../backends/faults.ts";
import { type MockProfile, MockXen } from "../../backends/mock.ts";
import { Recorder, replay, type ReplayOptions } from "../../backends/record.ts";
import { eventsConformance, mapperConformance } from "../conformance/mod.ts";
import { debugCore } from "../support/debug_core.ts";

/** Recorders above and below faults that never happen: what reaches the machine is what was asked. */
function wrappers() {
  const [above, below]: [string[], string[]] = [[], []];
  const [outer, inner] = [new Recorder((line) => above.push(line)), new Recorder((line) => below.push(line))];
  const faults = new Faults();
  return {
    outer,
    inner,
    faults,
    events: (backend: EventBackend) => outer.events(faults.events(inner.events(backend))),
    check(xen: MockXen, again: () => { xen: MockXen; options: ReplayOptions }) {
      xen.assertClean();
      expect(above).toEqual(below);
      expect([outer.failure, inner.failure]).toEqual([undefined, undefined]);
      expect([faults.injected(), faults.left]).toEqual([0, 0]);
      const { xen: machine, options } = again();
      const { difference, left, openAtEnd } = replay(below, options);
      expect(difference?.message).toBe(undefined);
      expect([left, openAtEnd]).toEqual([[], undefined]);
      machine.assertClean();
    },
  };
}

for (const profile of ["linux-5.16", "linux-6.1"] satisfies MockProfile[]) {
  describe(`mappers, profile ${profile}:`, () => {
    mapperConformance({
      test,
      open() {
        const xen = new MockXen({ profile });
        const [domain, peer] = [xen.domain(1), xen.domain(0)];
        const { outer, inner, faults, events, check } = wrappers();
        return {
          granter: {
            grants: outer.grants(faults.grants(inner.grants(domain.grants))),
            events: events(domain.events),
          },
          granterDomid: 1,
          peer: { maps: outer.maps(faults.maps(inner.maps(peer.maps))), events: events(peer.events) },
          peerDomid: 0,
          joinsPages: false,
          setLimit(pages) {
            domain.limit = pages;
            for (const recorder of [outer, inner]) recorder.mark("limit", pages);
          },
          heldPagesCount: profile === "linux-5.16",
          core: debugCore,
          close: () =>
            check(xen, () => {
              const machine = new MockXen({ profile });
              const [granter, mapper] = [machine.domain(1), machine.domain(0)];
              return {
                xen: machine,
                options: {
                  grants: granter.grants,
                  maps: mapper.maps,
                  events: [granter.events, mapper.events],
                  marks: { limit: (pages) => granter.limit = pages as number },
                },
              };
            }),
        };
      },
    });
  });
}

for (const [peer, where] of [[0, "between two domains"], [1, "inside of one"]] as const) {
  describe(`event channels ${where}:`, () => {
    eventsConformance({
      test,
      open() {
        const xen = new MockXen();
        const { events, check } = wrappers();
        const backends = (machine: MockXen) => [machine.domain(1).events, machine.domain(peer).events];
        const [eventBackend, peerBackend] = backends(xen).map(events);
        return {
          domain: { events: eventBackend! },
          domid: 1,
          peer: { events: peerBackend! },
          peerDomid: peer,
          close: () =>
            check(xen, () => {
              const machine = new MockXen();
              return { xen: machine, options: { events: backends(machine) } };
            }),
        };
      },
    });
  });
}
