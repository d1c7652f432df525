/**
 * The suites of mappers and event channels through recorders and faults: nothing changes, and a replay finds no
 * difference.
 */
import { describe, expect, test } from "vitest";
import type { XenDomain } from "../../src/contract/backend.ts";
import { Faults } from "../../backends/faults.ts";
import { type MockProfile, MockXen } from "../../backends/mock.ts";
import { Recorder, replay, type ReplayOptions } from "../../backends/record.ts";
import { eventsConformance, mapsConformance } from "../conformance/mod.ts";
import { debugCore } from "../support/debug_core.ts";

/** Recorders on both sides of faults without rules: each call must reach the machine unchanged. */
function wrappers() {
  const [above, below]: [string[], string[]] = [[], []];
  const [outer, inner] = [new Recorder((line) => above.push(line)), new Recorder((line) => below.push(line))];
  const faults = new Faults();
  return {
    recorders: [outer, inner],
    wrap: (domain: XenDomain) => outer.wrap(faults.wrap(inner.wrap(domain))),
    check(xen: MockXen, again: () => { xen: MockXen; options: ReplayOptions }) {
      xen.assertClean();
      expect(above).toEqual(below);
      expect([outer.failure, inner.failure]).toEqual([undefined, undefined]);
      expect([faults.injected(), faults.unreleased]).toEqual([0, 0]);
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
    mapsConformance({
      test,
      open() {
        const xen = new MockXen({ profile });
        const [domain, peer] = [xen.domain(1), xen.domain(0)];
        const { recorders, wrap, check } = wrappers();
        return {
          granter: wrap(domain),
          granterDomid: 1,
          peer: wrap(peer),
          peerDomid: 0,
          joinsPages: false,
          setLimit(pages) {
            domain.limit = pages;
            for (const recorder of recorders) recorder.mark("limit", pages);
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
                  domains: [granter, mapper],
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
        const { wrap, check } = wrappers();
        const domains = (machine: MockXen) => [machine.domain(1), machine.domain(peer)];
        const [domain, other] = domains(xen).map(wrap);
        return {
          domain: domain!,
          domid: 1,
          peer: other!,
          peerDomid: peer,
          close: () =>
            check(xen, () => {
              const machine = new MockXen();
              return { xen: machine, options: { domains: domains(machine) } };
            }),
        };
      },
    });
  });
}
