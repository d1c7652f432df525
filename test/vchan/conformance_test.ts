/** The suite of channels on the simulated Xen, in all its kinds. */
import { describe, test } from "vitest";
import { MockXen, type MockXenOptions } from "../../backends/mock.ts";
import { Faults } from "../../backends/faults.ts";
import { vchanConformance } from "../conformance/mod.ts";
import { vchanTarget } from "../npm/programs/mock_targets.ts";

const MACHINES: Record<string, MockXenOptions> = {
  "linux-6.1, xenstored": {},
  "linux-5.16, pages in slabs, oxenstored": {
    profile: "linux-5.16",
    memory: "slabs",
    store: { daemon: "oxenstored" },
  },
};
const DOMIDS = [[1, 0], [0, 1], [1, 2], [1, 1]] as const;

describe.each(Object.entries(MACHINES))("%s", (_, options) => {
  describe.each(DOMIDS)("a server in domain %i, its client in domain %i", (serverDomid, clientDomid) => {
    vchanConformance({
      test,
      open: () => vchanTarget(new MockXen(options), serverDomid, clientDomid),
    });
  });
});

describe("through faults without rules", () => {
  vchanConformance({
    test,
    open() {
      const xen = new MockXen();
      const faults = new Faults();
      const [server, client] = [faults.wrap(xen.domain(1)), faults.wrap(xen.domain(0))];
      return { server, serverDomid: 1, client, clientDomid: 0, close: () => xen.assertClean() };
    },
  });
});
