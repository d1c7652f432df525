/**
 * The conformance suite of channels with Node's backend, on the real devices, in a Xen domain that connects to itself.
 * Runs the tests that its input names. Argument: the domid of the domain.
 */

import { vchanConformance } from "@gntalloc/gntalloc/conformance";
import { nodeDomain } from "@gntalloc/gntalloc/node";
import process from "node:process";
import { runByName } from "./by_name.ts";

const domid = Number(process.argv[2]);

await runByName((test) =>
  vchanConformance({
    test,
    open: () => ({
      server: nodeDomain(),
      serverDomid: domid,
      client: nodeDomain(),
      clientDomid: domid,
      // The program that asks looks at what is granted, once this one has ended.
      close() {},
    }),
  })
);
