/** What the suite of event channels is told of a machine, it expects exactly. */

import { expect, test } from "vitest";
import { MockXen } from "../../backends/mock.ts";
import { eventsConformance, type EventsTarget } from "../conformance/mod.ts";

/** Returns the names of the tests that fail on the mock, which has ports for absent domains, and its timer bound. */
async function failing(facts: Pick<EventsTarget, "absentPeers" | "timerBound">): Promise<string[]> {
  const tests: [name: string, run: () => Promise<void>][] = [];
  eventsConformance({
    test: (name, run) => tests.push([name, run]),
    open() {
      const xen = new MockXen();
      return { domain: xen.domain(1), domid: 1, peer: xen.domain(0), peerDomid: 0, ...facts, close() {} };
    },
  });
  const names: string[] = [];
  for (const [name, run] of tests.filter(([name]) => name.startsWith("event channels: "))) {
    await run().catch(() => names.push(name.replace("event channels: ", "")));
  }
  return names;
}

test.each([
  [{}, []],
  [{ absentPeers: true, timerBound: true }, []],
  [{ absentPeers: false }, ["may be for a domain that is not there, unless Xen's policy refuses it"]],
  [{ timerBound: false }, ["are made for Xen's own events, each number once"]],
])("with %j, the mock fails %j", async (facts, names) => {
  expect(await failing(facts)).toEqual(names);
});
