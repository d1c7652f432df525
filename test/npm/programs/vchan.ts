/**
 * The conformance suite of channels over Node's devices, with a XenStore that is simulated: memory and events are as on
 * a real Xen. Argument: the path of the shim.
 */

import { vchanConformance } from "@gntalloc/gntalloc/conformance";
import { MockXen } from "@gntalloc/gntalloc/mock";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { Shim } from "./shim.ts";
import { outcomeOf } from "./tests.ts";

const libc = process.argv[2]!;
const shim = new Shim(libc);

const outcome = await outcomeOf((test) =>
  vchanConformance({
    test,
    open() {
      shim.reset();
      const { grants, maps, events } = nodeDomain({ libc });
      const xen = new MockXen();
      const domain = { grants, maps, events, store: xen.domain(0).store };
      const close = () => {
        xen.assertClean();
        shim.assertClean();
      };
      return { server: domain, serverDomid: 0, client: domain, clientDomid: 0, close };
    },
  })
);
console.log(JSON.stringify(outcome));
