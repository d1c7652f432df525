/** Channels over the devices of Deno, with a XenStore that is simulated: memory and events are as on a real Xen. */
import { describe, test } from "vitest";
import { denoDomain } from "../../backends/deno.ts";
import { MockXen } from "../../backends/mock.ts";
import { vchanConformance } from "../conformance/mod.ts";
import { useShim } from "../support/shim/use_shim.ts";

const used = useShim();

describe("conformance", () => {
  vchanConformance({
    test,
    open() {
      const { grants, maps, events } = denoDomain({ libc: used.libc });
      const xen = new MockXen();
      const domain = { grants, maps, events, store: xen.domain(0).store };
      return { server: domain, serverDomid: 0, client: domain, clientDomid: 0, close: () => xen.assertClean() };
    },
  });
});
